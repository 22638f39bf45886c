/**
 * The geometry of a sparkline: one slot per minute of the last hour, now at the right. All
 * sparklines share that axis. A minute in which nobody looked is a gap; one in which probes
 * were lost has a mark.
 */
import type { LinkStatRow } from './api/types';

export interface Slot {
  /** Mean round trip in milliseconds; none if nothing answered or nobody looked. */
  value: number | null;
  lost: boolean;
}

export interface Spark {
  /** Polylines as SVG `points`; a gap splits them. */
  lines: string[];
  /** Lone answers between two gaps. */
  dots: { x: number; y: number }[];
  /** Where probes were lost. */
  losses: number[];
}

export const SLOTS = 60;
const MINUTE_MS = 60_000;

/** The minutes of the last hour before `now`, oldest first. */
export function hourSlots(rows: LinkStatRow[], now: number): Slot[] {
  const slots: Slot[] = Array.from({ length: SLOTS }, () => ({ value: null, lost: false }));
  const newest = Math.floor(now / MINUTE_MS);
  for (const row of rows) {
    const age = newest - Math.floor(Date.parse(row.at) / MINUTE_MS);
    if (age < 0 || age >= SLOTS) continue;
    slots[SLOTS - 1 - age] = { value: row.rtt_avg_ms, lost: row.lost > 0 };
  }
  return slots;
}

/**
 * The minute that runs, and the one that has just ended, are not stored yet: where nothing is
 * known of a minute it is taken from the latest probes, as far as they go back.
 */
export function withLatest(
  slots: Slot[],
  recent: (number | null)[],
  intervalMs: number,
  now: number,
): Slot[] {
  const filled = [...slots];
  const newest = Math.floor(now / MINUTE_MS);
  const heard = new Map<number, (number | null)[]>();
  recent.forEach((rtt, i) => {
    const at = now - (recent.length - 1 - i) * intervalMs;
    const age = newest - Math.floor(at / MINUTE_MS);
    heard.set(age, [...(heard.get(age) ?? []), rtt]);
  });
  for (const [age, rtts] of heard) {
    const i = SLOTS - 1 - age;
    const known = filled[i];
    if (known === undefined || known.value !== null || known.lost) continue;
    const answered = rtts.filter((v) => v !== null);
    filled[i] = {
      value: answered.length === 0 ? null : answered.reduce((a, b) => a + b, 0) / answered.length,
      lost: answered.length < rtts.length,
    };
  }
  return filled;
}

/**
 * Lays `slots` out on `width` × `height`. The scale starts at zero and ends at a round
 * figure above the largest value, so that a calm line stays calm.
 */
export function layOut(slots: Slot[], width: number, height: number): Spark {
  const top = ceiling(Math.max(0, ...slots.map((s) => s.value ?? 0)));
  const step = width / (SLOTS - 1);
  const spark: Spark = { lines: [], dots: [], losses: [] };
  let run: { x: number; y: number }[] = [];
  const flush = () => {
    const only = run[0];
    if (run.length === 1 && only) spark.dots.push(only);
    if (run.length > 1) spark.lines.push(run.map((p) => `${p.x},${p.y}`).join(' '));
    run = [];
  };
  slots.forEach(({ value, lost }, i) => {
    const x = round(i * step);
    if (lost) spark.losses.push(x);
    if (value === null) flush();
    else run.push({ x, y: round(height - (Math.min(value, top) / top) * height) });
  });
  flush();
  return spark;
}

/** The next of 1, 2, 5, 10, 20, 50 … that leaves some air above `max`. */
export function ceiling(max: number): number {
  const wanted = Math.max(max * 1.25, 1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  for (const step of [1, 2, 5, 10]) {
    if (step * power >= wanted) return step * power;
  }
  return 10 * power;
}

const round = (n: number) => Math.round(n * 10) / 10;
