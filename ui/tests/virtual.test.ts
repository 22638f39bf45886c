import { describe, expect, it } from 'vitest';
import { windowOf } from '../src/lib/virtual';

const usual = {
  count: 4096,
  width: 940,
  minWidth: 92,
  rowHeight: 22,
  gap: 2,
  top: 200,
  height: 768,
};

describe('a long grid', () => {
  it('fits as many columns as there is room for', () => {
    expect(windowOf(usual).columns).toBe(10);
    expect(windowOf({ ...usual, minWidth: 0 }).columns).toBe(1);
    expect(windowOf({ ...usual, width: 0 }).columns).toBe(1);
  });

  it('is as high as all of its rows', () => {
    expect(windowOf(usual).height).toBe(410 * 24 - 2);
    expect(windowOf({ ...usual, count: 0 }).height).toBe(0);
  });

  it('draws whole rows around the window, wherever it stands', () => {
    for (const top of [200, 0, -1000, -5003, -9000, -20_000, 5000]) {
      const drawn = windowOf({ ...usual, top });
      expect(drawn.from % drawn.columns).toBe(0);
      expect(drawn.to - drawn.from).toBeLessThanOrEqual(10 * (768 / 24 + 18));
      expect(drawn.offset).toBe((drawn.from / drawn.columns) * 24);
      // What can be seen is drawn.
      const seen = Math.floor(Math.max(0, -top) / 24) * drawn.columns;
      if (seen < usual.count && top < 768) {
        expect(drawn.from).toBeLessThanOrEqual(seen);
        expect(drawn.to).toBeGreaterThan(seen);
      }
    }
  });
});
