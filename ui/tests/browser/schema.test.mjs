import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import ts from 'typescript';
import { Program } from './harness.mjs';

/** A module of the page without imports of its own, as this process can run it. */
async function pageModule(path) {
  const source = readFileSync(new URL(path, import.meta.url), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}

const { FIELDS } = await pageModule('../../src/lib/config/schema.ts');
const WHOLE = ['occupancy_settings.opening_hours'];

function leaves(tree, path = '') {
  return Object.entries(tree).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    const inner = typeof value === 'object' && !Array.isArray(value) && !WHOLE.includes(at);
    return inner ? leaves(value, at) : [[at, value]];
  });
}

function changed(config, path, value) {
  const copy = structuredClone(config);
  const keys = path.split('.');
  const last = keys.pop();
  keys.reduce((at, key) => at[key], copy)[last] = value;
  return copy;
}

/** What the demo sets for itself. */
const OF_THE_DEMO = [
  'monitor_settings.interval_seconds',
  'verification_settings.min_incident_duration_seconds',
  'discord_settings.shop_name',
  'screenshot_settings.enabled',
];

describe('the form, held against the running program', () => {
  let program;
  let config;
  before(async () => {
    program = await Program.start('demo');
    ({ config } = await program.ask('api/v1/config'));
  });
  after(() => program.stop());

  const faults = async (document) =>
    (await program.ask('api/v1/config/check', document)).errors.map((fault) => fault.path);

  it('has every key, and no other', () => {
    const known = FIELDS.map((field) => field.path);
    assert.deepEqual(
      known.toSorted(),
      leaves(config)
        .map(([path]) => path)
        .toSorted(),
    );
  });

  it('has the defaults of the program', () => {
    const real = new Map(leaves(config));
    for (const { path, usual } of FIELDS) {
      // The site's label follows the name of the café where none is given.
      if (OF_THE_DEMO.includes(path) || path === 'chain_settings.site') continue;
      assert.deepEqual(real.get(path), usual, path);
    }
  });

  it('has the bounds of the program', async () => {
    for (const { path, kind, min, max } of FIELDS) {
      if (kind !== 'integer' && kind !== 'decimal') continue;
      const step = kind === 'integer' ? 1 : 0.001;
      for (const [value, good] of [
        [min, true],
        [max, true],
        [min - step, false],
        [max + step, false],
      ]) {
        // The range must fit into its network as a whole.
        const base = path.includes('.pc_')
          ? changed(config, 'monitor_settings.pc_start_range', 1)
          : config;
        const room = path.endsWith('pc_start_range')
          ? changed(base, 'monitor_settings.pc_count', 0)
          : base;
        const found = await faults(changed(room, path, value));
        assert.equal(!found.includes(path), good, `${path}: ${value}`);
      }
    }
  });

  it('offers the choices that the program takes', async () => {
    for (const { path, choices = [] } of FIELDS) {
      for (const choice of choices) {
        assert.deepEqual(await faults(changed(config, path, choice)), [], `${path}: ${choice}`);
      }
    }
  });
});
