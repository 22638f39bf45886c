import { describe, expect, it } from 'vitest';
import { SLOTS, ceiling, layOut } from '../src/lib/spark';

describe('a sparkline', () => {
  it('breaks the line where a probe was lost and marks the loss', () => {
    const spark = layOut([1, 1, null, 1, 1], 59, 10);
    expect(spark.lines).toHaveLength(2);
    expect(spark.losses).toEqual([57]);
  });

  it('keeps the newest probe at the right edge, however few there are', () => {
    expect(layOut([1, 1], 59, 10).lines[0]).toMatch(/^58,.* 59,/);
  });

  it('shows a lone answer between two losses', () => {
    const spark = layOut([null, 1, null], 59, 10);
    expect(spark.lines).toHaveLength(0);
    expect(spark.dots).toHaveLength(1);
  });

  it('takes no more than its slots', () => {
    const spark = layOut(
      Array.from({ length: SLOTS + 20 }, () => 1),
      59,
      10,
    );
    expect(spark.lines[0]?.split(' ')).toHaveLength(SLOTS);
    expect(spark.lines[0]).toMatch(/^0,/);
  });

  it('is empty without probes', () => {
    expect(layOut([], 59, 10)).toEqual({ lines: [], dots: [], losses: [] });
  });

  it('scales to a round figure with some air', () => {
    expect(ceiling(0)).toBe(1);
    expect(ceiling(0.5)).toBe(1);
    expect(ceiling(18)).toBe(50);
    expect(ceiling(15)).toBe(20);
    expect(ceiling(90)).toBe(200);
  });
});
