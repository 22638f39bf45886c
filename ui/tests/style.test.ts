import { describe, expect, it } from 'vitest';

const [css] = Object.values(
  import.meta.glob<string>('../src/styles/base.css', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
);

/** The tokens of a rule. */
function tokens(start: string): Record<string, string> {
  const from = css?.indexOf(start) ?? -1;
  if (from < 0) throw new Error(`no rule ${start}`);
  const block = css?.slice(from, css.indexOf('}', from)) ?? '';
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2]]),
  );
}

const light = tokens(':root {');
const dark = tokens(":root[data-theme='dark']");

/** Relative luminance (WCAG 2). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return ((x ?? 0) + 0.05) / ((y ?? 0) + 0.05);
}

describe('the colours', () => {
  it('are the same dark ones by the system and by choice', () => {
    expect(tokens(":root:not([data-theme='light'])")).toEqual(dark);
  });

  it.each([
    ['light', light],
    ['dark', dark],
  ])('can be read on every ground (%s)', (_, of) => {
    for (const ground of ['background', 'surface', 'raised']) {
      for (const ink of ['text', 'muted', 'accent', 'up', 'suspect', 'down', 'unknown', 'frozen']) {
        expect(contrast(of[ink] ?? '', of[ground] ?? ''), `${ink} on ${ground}`).toBeGreaterThan(
          4.4,
        );
      }
      expect(contrast(of['edge'] ?? '', of[ground] ?? ''), `edge on ${ground}`).toBeGreaterThan(3);
    }
  });
});
