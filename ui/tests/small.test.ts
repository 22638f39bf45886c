import { describe, expect, it, vi } from 'vitest';
import { ApiError, ask, onLocked, query } from '../src/lib/api/http';
import { area } from '../src/lib/curve';
import { categories, matching, parseLine } from '../src/lib/log';
import { report } from '../src/lib/report';
import { hrefOf, parsePlace } from '../src/lib/routes';
import { seat, site } from './fixtures';

describe('an address', () => {
  it('leads to its page and what is shown of it', () => {
    expect(parsePlace('#/settings/discord')).toEqual({ route: 'settings', rest: 'discord' });
    expect(parsePlace('')).toEqual({ route: 'live', rest: '' });
    expect(parsePlace('#/nowhere/at/all')).toEqual({ route: 'live', rest: '' });
    expect(parsePlace(hrefOf('log', 'archives/info.log'))).toEqual({
      route: 'log',
      rest: 'archives/info.log',
    });
  });
});

describe('a line of the log', () => {
  const lines = [
    '[2026-03-02 14:08:00] [ALERT] ROUTER DOWN',
    '[2026-03-02 14:08:01] [SYSTEM] fine',
    'a torn line',
  ].map(parseLine);

  it('is taken apart, or left whole', () => {
    expect(lines[0]).toMatchObject({ category: 'ALERT', message: 'ROUTER DOWN' });
    expect(lines[2]).toMatchObject({ category: '', message: 'a torn line' });
  });

  it('is found by category and text', () => {
    expect(categories(lines)).toEqual(['ALERT', 'SYSTEM']);
    expect(matching(lines, 'ALERT', '')).toHaveLength(1);
    expect(matching(lines, '', 'router d')).toHaveLength(1);
    expect(matching(lines, 'SYSTEM', 'router')).toHaveLength(0);
  });
});

describe("the day's curve", () => {
  const row = (minute: number, online: number) => ({
    at: new Date(minute * 60_000).toISOString(),
    online,
    peak: online,
  });

  it('breaks where nobody looked', () => {
    const curve = area([row(0, 1), row(1, 2), row(10, 3)], 0, 1_200_000, 100, 50);
    expect(curve.parts).toHaveLength(2);
    expect(curve.peak).toBe(3);
  });

  it('is empty without minutes', () => {
    expect(area([], 0, 1, 100, 50).parts).toEqual([]);
  });
});

describe('the report', () => {
  it('tells how it asks and how things are, and no name of the café or of a seat', () => {
    const text = report(site({ seats: [seat({ firewalled: true })] }), 'a browser');
    expect(text).toContain('v4: raw socket');
    expect(text).toContain('1/1 on, 1 by ARP only');
    expect(text).not.toContain('Test Café');
    expect(text).not.toContain('PC-1');
  });
});

describe('asking', () => {
  const answer = (status: number, body: unknown) =>
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify(body), { status }));

  it('tells what is missing from what is not found', async () => {
    answer(404, { code: 'not_found', message: 'Endpoint not found' });
    await expect(ask('/x')).rejects.toMatchObject({ missing: true });
    answer(404, { code: 'backup_not_found', message: 'none' });
    await expect(ask('/x')).rejects.toMatchObject({ missing: false, code: 'backup_not_found' });
  });

  it('asks for a login, unless it is the login itself', async () => {
    const told = vi.fn();
    onLocked(told);
    answer(401, { code: 'login_needed', message: '' });
    await expect(ask('/x', { quiet: true })).rejects.toBeInstanceOf(ApiError);
    expect(told).not.toHaveBeenCalled();
    await expect(ask('/x')).rejects.toMatchObject({ locked: true });
    expect(told).toHaveBeenCalledOnce();
  });

  it('says unreachable where nobody answers, and does not choke on what is no JSON', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('gone')));
    await expect(ask('/x')).rejects.toMatchObject({ unreachable: true });
    vi.stubGlobal('fetch', async () => new Response('<html>', { status: 502 }));
    await expect(ask('/x')).rejects.toMatchObject({ status: 502, code: 'unknown' });
    vi.stubGlobal('fetch', async () => new Response('<html>', { status: 200 }));
    await expect(ask('/x')).rejects.toMatchObject({ code: 'bad_answer' });
  });

  it('writes only what is given into the query', () => {
    expect(query({ a: 1, b: undefined, c: '', d: 'x y' })).toBe('?a=1&d=x%20y');
    expect(query({})).toBe('');
  });
});
