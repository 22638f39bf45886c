import { describe, expect, it } from 'vitest';
import { clock, duration, latency, moment, roughDuration, stay } from '../src/lib/format';
import { NOW } from './fixtures';

describe('duration', () => {
  it.each([
    [-5, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [252_000, '4 min 12 s'],
    [3_600_000, '1 h'],
    [3_900_000, '1 h 5 min'],
    [86_400_000, '1 d'],
    [187_200_000, '2 d 4 h'],
  ])('%i ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('does not tick in a sentence', () => {
    expect(roughDuration(42_000)).toBe('42 s');
    expect(roughDuration(61_000)).toBe('1 minute');
    expect(roughDuration(402_000)).toBe('6 minutes');
    expect(roughDuration(3_961_000)).toBe('1 h 6 min');
  });
});

describe('latency', () => {
  it.each([
    [null, '–'],
    [0.04, '<0.1 ms'],
    [0.42, '0.4 ms'],
    [9.94, '9.9 ms'],
    [9.97, '10 ms'],
    [18.3, '18 ms'],
  ])('%s ms is %s', (ms, text) => expect(latency(ms)).toBe(text));
});

describe('moment', () => {
  it('leaves out the date today and names it otherwise', () => {
    expect(moment('2026-03-02T14:02:00Z', NOW)).toBe(clock('2026-03-02T14:02:00Z'));
    expect(moment('2026-02-27T14:02:00Z', NOW)).toMatch(/27.*,.*02/);
  });
});

describe('a stay', () => {
  it.each([
    [0, '<1m'],
    [42 * 60_000, '42m'],
    [187 * 60_000, '3:07'],
    [60 * 3_600_000, '2d'],
  ])('%i ms is %s', (ms, text) => expect(stay(ms)).toBe(text));
});
