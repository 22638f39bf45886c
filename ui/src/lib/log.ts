/** Lines of the log: `[YYYY-MM-DD HH:MM:SS] [CATEGORY] message`. */

export interface LogLine {
  /** As it stands in the file. */
  text: string;
  time: string;
  /** Empty where the line has another form. */
  category: string;
  message: string;
}

const FORM = /^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\] \[([A-Z]+)\] ?(.*)$/s;

export function parseLine(text: string): LogLine {
  const found = FORM.exec(text);
  if (found === null) return { text, time: '', category: '', message: text };
  const [, time = '', category = '', message = ''] = found;
  return { text, time, category, message };
}

/** The categories that occur, in the order of the alphabet. */
export const categories = (lines: LogLine[]): string[] =>
  [...new Set(lines.map((line) => line.category))].filter((c) => c !== '').sort();

export function matching(lines: LogLine[], category: string, search: string): LogLine[] {
  const wanted = search.trim().toLowerCase();
  return lines.filter(
    (line) =>
      (category === '' || line.category === category) &&
      (wanted === '' || line.text.toLowerCase().includes(wanted)),
  );
}
