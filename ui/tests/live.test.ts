import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Incident, Occupancy, SiteView, TargetName } from '../src/lib/api/types';
import { newestFirst } from '../src/lib/api/client';
import { LiveSite, RETRY_MS, type Stream } from '../src/state/live.svelte';
import { incident, site } from './fixtures';

class FakeStream implements Stream {
  onopen: ((event: Event) => unknown) | null = null;
  onerror: ((event: Event) => unknown) | null = null;
  closed = false;
  #listeners = new Map<string, (event: MessageEvent<string>) => void>();

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  send(type: string, data: unknown): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.#listeners.get(type)?.(new MessageEvent(type, { data: text }));
  }
}

/** An engine that can be taken away. */
class FakeEngine {
  streams: FakeStream[] = [];
  view: SiteView = site();
  incidents: Incident[] = [incident()];
  gone = false;
  hoursAsked: TargetName[] = [];
  peak: Occupancy['peak'] = null;
  doors = {
    site: async () => {
      if (this.gone) throw new Error('gone');
      return this.view;
    },
    incidents: async () => {
      if (this.gone) throw new Error('gone');
      return this.incidents;
    },
    hour: async (target: TargetName) => {
      this.hoursAsked.push(target);
      return [];
    },
    peak: async () => this.peak,
    stream: () => {
      const stream = new FakeStream();
      this.streams.push(stream);
      return stream;
    },
  };

  get stream(): FakeStream {
    const last = this.streams.at(-1);
    if (!last) throw new Error('no stream was opened');
    return last;
  }
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('the live site', () => {
  let engine: FakeEngine;
  let live: LiveSite;
  let stop: () => void;

  beforeEach(async () => {
    vi.useFakeTimers({ now: Date.parse('2026-03-02T14:08:00Z') });
    engine = new FakeEngine();
    live = new LiveSite(engine.doors);
    stop = live.start();
    await settle();
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  it('shows the fetched view at once and fetches the incidents when the stream opens', async () => {
    expect(live.connection).toBe('live');
    expect(live.site?.shop_name).toBe('Test Café');
    expect(live.incidents).toBeNull();
    engine.stream.onopen?.(new Event('open'));
    await settle();
    expect(live.incidents).toHaveLength(1);
  });

  it('takes each site event as the whole truth', () => {
    engine.stream.send('site', site({ cycle: 11, shop_name: 'Renamed' }));
    expect(live.site?.shop_name).toBe('Renamed');
  });

  it('never goes back within one life of the engine, but does after a restart', () => {
    engine.stream.send('site', site({ cycle: 9, shop_name: 'Old' }));
    expect(live.site?.cycle).toBe(10);
    engine.stream.send(
      'site',
      site({ cycle: 0, started_at: '2026-03-02T14:07:59Z', shop_name: 'New' }),
    );
    expect(live.site?.shop_name).toBe('New');
  });

  it('lets a broken event pass', () => {
    engine.stream.send('site', '{"half":');
    expect(live.site?.cycle).toBe(10);
    expect(live.connection).toBe('live');
  });

  it('fetches the incidents anew when a stored event tells of one', async () => {
    engine.incidents = [incident({ id: 1 }), incident({ id: 2 })];
    engine.stream.send('incident', {});
    await settle();
    expect(live.incidents).toHaveLength(2);
  });

  it('keeps the last view when the engine goes, and heals by itself', async () => {
    engine.gone = true;
    const first = engine.stream;
    first.onerror?.(new Event('error'));
    expect(live.connection).toBe('lost');
    expect(live.site?.cycle).toBe(10);
    expect(first.closed).toBe(true);

    await vi.advanceTimersByTimeAsync(RETRY_MS * 3);
    expect(live.connection).toBe('lost');
    expect(engine.streams.filter((s) => !s.closed).length).toBeLessThanOrEqual(1);

    engine.gone = false;
    engine.view = site({ cycle: 12 });
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(live.connection).toBe('live');
    expect(live.site?.cycle).toBe(12);
    expect(engine.streams.filter((s) => !s.closed)).toHaveLength(1);
  });

  it('takes a stream that has fallen silent for lost', async () => {
    engine.gone = true;
    await vi.advanceTimersByTimeAsync(14_000);
    expect(live.connection).toBe('live');
    await vi.advanceTimersByTimeAsync(3000);
    expect(live.connection).toBe('lost');
  });

  it('tells the time by the clock of the engine', async () => {
    engine.stream.send('site', site({ cycle: 11, at: '2026-03-02T16:00:00Z' }));
    await vi.advanceTimersByTimeAsync(2000);
    expect(new Date(live.now).toISOString()).toBe('2026-03-02T16:00:02.000Z');
  });

  it('asks for the last hour of what is watched, once a minute', async () => {
    expect(engine.hoursAsked).toEqual(['router', 'server', 'internet']);
    engine.stream.send('site', site({ cycle: 11, at: '2026-03-02T14:08:20Z' }));
    await settle();
    expect(engine.hoursAsked).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(6000);
    engine.stream.send('site', site({ cycle: 12, at: '2026-03-02T14:09:04Z' }));
    await settle();
    expect(engine.hoursAsked).toHaveLength(6);
  });

  it('keeps the highest of the day, and begins anew at midnight', async () => {
    expect(live.peak?.online).toBe(1);
    engine.stream.send('site', site({ cycle: 11, seats_online: 9 }));
    engine.stream.send('site', site({ cycle: 12, seats_online: 4 }));
    expect(live.peak?.online).toBe(9);
    engine.stream.send('site', site({ cycle: 13, seats_online: 3, at: '2026-03-03T00:00:02Z' }));
    expect(live.peak?.online).toBe(3);
  });

  it('takes the peak from before it was opened out of the record', async () => {
    engine.peak = { at: '2026-03-02T11:00:00Z', online: 17 };
    engine.stream.send('site', site({ cycle: 0, started_at: '2026-03-02T14:07:59Z' }));
    await settle();
    expect(live.peak?.online).toBe(17);
  });

  it('counts changes of the configuration', () => {
    engine.stream.send('config_changed', {});
    expect(live.configured).toBe(1);
  });

  it('stops for good', async () => {
    stop();
    const opened = engine.streams.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(engine.streams).toHaveLength(opened);
    expect(engine.stream.closed).toBe(true);
  });
});

describe('the list of incidents', () => {
  it('is newest first, whichever way it came', () => {
    const older = incident({ id: 1, start: '2026-03-01T10:00:00Z' });
    const newer = incident({ id: 2, start: '2026-03-02T10:00:00Z' });
    expect(newestFirst([older, newer]).map((i) => i.id)).toEqual([2, 1]);
  });
});
