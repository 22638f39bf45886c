import { describe, expect, it } from 'vitest';
import { SLOTS, ceiling, hourSlots, layOut, withLatest, type Slot } from '../src/lib/spark';

const NOW = Date.parse('2026-03-02T14:08:30Z');
const slot = (value: number | null, lost = false): Slot => ({ value, lost });
const hour = (...last: Slot[]): Slot[] => [
  ...Array.from({ length: SLOTS - last.length }, () => slot(null)),
  ...last,
];
const row = (at: string, avg: number | null, lost = 0) => ({
  at,
  sent: 30,
  lost,
  rtt_min_ms: avg,
  rtt_avg_ms: avg,
  rtt_max_ms: avg,
});

describe('the last hour', () => {
  it('has a slot for each minute, the running one at the right', () => {
    const slots = hourSlots([row('2026-03-02T14:07:00Z', 2), row('2026-03-02T13:09:00Z', 3)], NOW);
    expect(slots).toHaveLength(SLOTS);
    expect(slots[58]).toEqual(slot(2));
    expect(slots[0]).toEqual(slot(3));
  });

  it('leaves out what is older or not yet', () => {
    const rows = [row('2026-03-02T13:08:00Z', 1), row('2026-03-02T14:09:00Z', 1)];
    expect(hourSlots(rows, NOW).every((s) => s.value === null)).toBe(true);
  });

  it('tells a minute in which nothing answered from one in which nobody looked', () => {
    const slots = hourSlots([row('2026-03-02T14:07:00Z', null, 30)], NOW);
    expect(slots[58]).toEqual(slot(null, true));
    expect(slots[57]).toEqual(slot(null, false));
  });

  it('takes from the latest probes what is not stored yet, and only that', () => {
    const stored = hour(slot(7), slot(null), slot(null));
    const recent = Array.from({ length: 20 }, () => 2);
    const filled = withLatest(stored, recent, 10_000, NOW);
    expect(filled.slice(-3)).toEqual([slot(7), slot(2), slot(2)]);
    expect(withLatest(hour(), [1, null], 10_000, NOW)[59]).toEqual(slot(1, true));
  });
});

describe('a sparkline', () => {
  it('breaks the line where nothing is known, and marks a loss', () => {
    const spark = layOut(hour(slot(1), slot(1), slot(null, true), slot(1), slot(1)), 59, 10);
    expect(spark.lines).toHaveLength(2);
    expect(spark.losses).toEqual([57]);
  });

  it('marks a loss in a minute that had answers without breaking the line', () => {
    const spark = layOut(hour(slot(1), slot(1, true), slot(1)), 59, 10);
    expect(spark.lines).toHaveLength(1);
    expect(spark.losses).toEqual([58]);
  });

  it('shows a lone answer between two gaps', () => {
    const spark = layOut(hour(slot(null), slot(1), slot(null)), 59, 10);
    expect(spark.lines).toHaveLength(0);
    expect(spark.dots).toHaveLength(1);
  });

  it('is empty where nobody looked', () => {
    expect(layOut(hour(), 59, 10)).toEqual({ lines: [], dots: [], losses: [] });
  });

  it('scales to a round figure with some air', () => {
    expect(ceiling(0)).toBe(1);
    expect(ceiling(0.5)).toBe(1);
    expect(ceiling(18)).toBe(50);
    expect(ceiling(15)).toBe(20);
    expect(ceiling(90)).toBe(200);
  });
});
