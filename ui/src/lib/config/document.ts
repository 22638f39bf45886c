/** The configuration as a tree: reading, changing, comparing and bringing two edits together. */
import type { Config } from '../api/types';

type Tree = Record<string, unknown>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Trees that are one value to people: they are compared as a whole. */
const WHOLE = new Set(['occupancy_settings.opening_hours']);

export function get(config: Config, path: string): unknown {
  let at: unknown = config;
  for (const key of path.split('.')) at = isTree(at) ? at[key] : undefined;
  return at;
}

/** A copy with one value changed; `undefined` takes the key out. */
export function set(config: Config, path: string, value: unknown): Config {
  const [key = '', ...rest] = path.split('.');
  const copy: Tree = { ...config };
  if (rest.length > 0) {
    const inner = copy[key];
    copy[key] = set(isTree(inner) ? inner : {}, rest.join('.'), value);
  } else if (value === undefined) {
    delete copy[key];
  } else {
    copy[key] = value;
  }
  return copy;
}

/** Alike in everything, whatever the order of the keys. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, i) => same(value, b[i]));
  }
  if (isTree(a) && isTree(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]))
    );
  }
  return false;
}

/** Every value of a document by its path. */
export function leaves(config: Config, path = ''): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, value] of Object.entries(config)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (isTree(value) && !WHOLE.has(at)) {
      for (const [inner, leaf] of leaves(value, at)) found.set(inner, leaf);
    } else {
      found.set(at, value);
    }
  }
  return found;
}

export interface Change {
  path: string;
  /** `undefined` where it was not there. */
  from: unknown;
  to: unknown;
}

/** What is different in `to`. */
export function diff(from: Config, to: Config): Change[] {
  const before = leaves(from);
  const after = leaves(to);
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths]
    .map((path) => ({ path, from: before.get(path), to: after.get(path) }))
    .filter((change) => !same(change.from, change.to));
}

/** My changes, made to `mine` since `base`, applied to what `theirs` is by now. */
export function rebase(base: Config, mine: Config, theirs: Config): Config {
  return diff(base, mine).reduce((config, { path, to }) => set(config, path, to), theirs);
}
