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

/** Where the text stops being JSON, from 1; line 0 where the browser does not say. */
export function jsonFault(text: string): { line: number; column: number } {
  try {
    JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    const lineColumn = /line (\d+) column (\d+)/.exec(said);
    if (lineColumn !== null) return { line: Number(lineColumn[1]), column: Number(lineColumn[2]) };
    const position = /position (\d+)/.exec(said);
    // V8 names no position when the text simply ends.
    const at =
      position !== null ? Number(position[1]) : /end of JSON/.test(said) ? text.length : -1;
    if (at >= 0) {
      const before = text.slice(0, at).split('\n');
      return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    }
  }
  return { line: 0, column: 0 };
}
