/** JSON as people type it: the document, or where it stops being JSON. */
import type { Config } from '../api/types';

/** The document; none if the text is no JSON object. */
export function parseConfig(text: string): Config | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Config)
      : null;
  } catch {
    return null;
  }
}

const SPACE = /[ \t\r\n]*/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y; // eslint-disable-line no-control-regex -- RFC 8259 forbids them raw
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Where the text stops being JSON (RFC 8259), as a line and a column from 1. Browsers say it
 * each in its own words, and sometimes not at all.
 */
export function jsonFault(text: string): { line: number; column: number } | null {
  let at = 0;
  const take = (form: RegExp): boolean => {
    form.lastIndex = at;
    const found = form.exec(text);
    if (found === null) return false;
    at += found[0].length;
    return true;
  };
  const sign = (wanted: string): boolean => {
    take(SPACE);
    if (text[at] !== wanted) return false;
    at += 1;
    return true;
  };
  const list = (end: string, entry: () => boolean): boolean => {
    if (sign(end)) return true;
    do if (!entry()) return false;
    while (sign(','));
    return sign(end);
  };
  const value = (): boolean => {
    take(SPACE);
    if (sign('{')) return list('}', () => (take(SPACE), take(TEXT)) && sign(':') && value());
    if (sign('[')) return list(']', value);
    return take(TEXT) || take(PLAIN);
  };
  if (value()) {
    take(SPACE);
    if (at === text.length) return null;
  }
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
