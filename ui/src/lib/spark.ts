/** The geometry of a sparkline: one slot per probe, newest at the right, gaps are gaps. */

export interface Spark {
  /** Polylines as SVG `points`; a lost probe splits them. */
  lines: string[];
  /** Lone answers between two losses. */
  dots: { x: number; y: number }[];
  /** Where probes were lost. */
  losses: number[];
}

export const SLOTS = 60;

/**
 * Lays `recent` out on `width` × `height`. The scale starts at zero and ends at a round
 * figure above the largest value, so that a calm line stays calm.
 */
export function layOut(recent: (number | null)[], width: number, height: number): Spark {
  const values = recent.slice(-SLOTS);
  const top = ceiling(Math.max(0, ...values.filter((v) => v !== null)));
  const step = width / (SLOTS - 1);
  const first = SLOTS - values.length;
  const spark: Spark = { lines: [], dots: [], losses: [] };
  let run: { x: number; y: number }[] = [];
  const flush = () => {
    const only = run[0];
    if (run.length === 1 && only) spark.dots.push(only);
    if (run.length > 1) spark.lines.push(run.map((p) => `${p.x},${p.y}`).join(' '));
    run = [];
  };
  values.forEach((value, i) => {
    const x = round((first + i) * step);
    if (value === null) {
      flush();
      spark.losses.push(x);
    } else {
      run.push({ x, y: round(height - (Math.min(value, top) / top) * height) });
    }
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
