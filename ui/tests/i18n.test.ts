import { describe, expect, it } from 'vitest';
import { choose } from '../src/lib/i18n';
import { en } from '../src/lib/i18n/en';
import { es } from '../src/lib/i18n/es';

type Tree = Record<string, unknown>;

/** Every entry of a catalogue by its path. */
function entries(tree: Tree, path = ''): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return typeof value === 'object' && value !== null
      ? entries(value as Tree, at)
      : [[at, value] as [string, unknown]];
  });
}

const english = new Map(entries(en));
const spanish = new Map(entries(es));

/** Words that are the same in both languages. */
const SAME =
  /^(DEMO|Router|Internet|Proxies|MAC|ARP|ping|no|Discord|IPv[46]|JSON|CSV|English|Español|%)$/i;
/** Where saying nothing is meant: the usual end of a session needs no note. */
const SILENT = ['seatsPage.ends.left'];

describe('the catalogues', () => {
  it('have the same entries of the same kind', () => {
    expect([...spanish.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [path, value] of english) {
      expect(typeof spanish.get(path), path).toBe(typeof value);
      if (typeof value === 'function') {
        expect((spanish.get(path) as () => void).length, path).toBe(value.length);
      }
    }
  });

  it('leave nothing empty and nothing untranslated', () => {
    const faults: string[] = [];
    for (const [path, value] of english) {
      const other = spanish.get(path);
      if (typeof value !== 'string' || typeof other !== 'string' || SILENT.includes(path)) continue;
      if (other.trim() === '' || value.trim() === '') faults.push(`${path} is empty`);
      if (other === value && !SAME.test(value)) faults.push(`${path} is the same: ${value}`);
    }
    expect(faults).toEqual([]);
  });

  it('raise no voice and show no code', () => {
    for (const catalogue of [english, spanish]) {
      for (const [path, value] of catalogue) {
        if (typeof value === 'string') expect(value, path).not.toMatch(/[!¡]|undefined|\$\{/);
      }
    }
  });
});

describe('the language', () => {
  it('is the first wanted one that we speak, with the country of the reader', () => {
    expect(choose(['fr-FR', 'es-MX', 'en'])).toEqual({ language: 'es', tag: 'es-MX' });
    expect(choose(['en-GB'])).toEqual({ language: 'en', tag: 'en-GB' });
    expect(choose(['fr', 'de'])).toEqual({ language: 'en', tag: 'en' });
    expect(choose([])).toEqual({ language: 'en', tag: 'en' });
  });
});
