/** The geometry of the day's curve. */
import { ceiling } from './spark';

export interface Curve {
  /** Stretches without a gap. */
  parts: { area: string; line: string }[];
  /** The value at the upper edge. */
  top: number;
  peak: number;
}

const MINUTE_MS = 60_000;

export function area(
  rows: { at: string; online: number; peak: number }[],
  from: number,
  to: number,
  width: number,
  height: number,
): Curve {
  const peak = Math.max(0, ...rows.map((row) => row.peak));
  const top = ceiling(peak);
  const x = (at: number) => round(((at - from) / Math.max(1, to - from)) * width);
  const y = (n: number) => round(height - (n / top) * (height - 14));
  const parts: Curve['parts'] = [];
  let run: { at: number; online: number }[] = [];
  const flush = () => {
    const [first, last] = [run[0], run.at(-1)];
    if (first !== undefined && last !== undefined) {
      // A minute lasts a minute: a lone one is seen, too.
      const end = Math.min(to, last.at + MINUTE_MS);
      const points = [...run, { at: end, online: last.online }];
      const line = points.map((p) => `${x(p.at)} ${y(p.online)}`).join('L');
      parts.push({
        line: `M${line}`,
        area: `M${x(first.at)} ${height}L${line}L${x(end)} ${height}Z`,
      });
    }
    run = [];
  };
  for (const row of rows) {
    const at = Date.parse(row.at);
    const before = run.at(-1);
    if (before !== undefined && at - before.at > 1.5 * MINUTE_MS) flush();
    run.push({ at: Math.max(at, from), online: row.online });
  }
  flush();
  return { parts, top, peak };
}

const round = (n: number) => Math.round(n * 10) / 10;
