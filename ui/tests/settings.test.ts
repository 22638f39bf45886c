import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/lib/api/http';
import type { Config, ConfigAnswer, ConfigFault } from '../src/lib/api/types';
import { get } from '../src/lib/config/document';
import { CHECK_AFTER_MS, Settings } from '../src/state/settings.svelte';

const INTERVAL = 'monitor_settings.interval_seconds';
const NAME = 'discord_settings.shop_name';

class FakeEngine {
  config: Config = {
    monitor_settings: { interval_seconds: 2 },
    discord_settings: { shop_name: 'A' },
  };
  revision = 1;
  faults: ConfigFault[] = [];
  checked: Config[] = [];
  kept: Config[] = [];
  doors = {
    fetch: async (): Promise<ConfigAnswer> => this.answer(),
    check: async (config: Config) => {
      this.checked.push(config);
      return { errors: this.faults };
    },
    save: async (config: Config, revision: string) => {
      if (revision !== String(this.revision)) throw new ApiError(412, 'stale_revision', 'stale');
      return this.put(config);
    },
    restore: async (backup: string) => {
      const config = this.kept[Number(backup)];
      if (config === undefined) throw new ApiError(404, 'backup_not_found', 'none');
      return this.put(config);
    },
    backups: async () => this.kept.map((_, i) => String(i)).reverse(),
  };

  answer(): ConfigAnswer {
    return { revision: String(this.revision), config: this.config, faults: [] };
  }

  put(config: Config): ConfigAnswer {
    this.kept.push(this.config);
    this.config = config;
    this.revision += 1;
    return this.answer();
  }
}

describe('the editor', () => {
  let engine: FakeEngine;
  let settings: Settings;

  beforeEach(async () => {
    vi.useFakeTimers();
    engine = new FakeEngine();
    settings = new Settings(engine.doors);
    await settings.load();
  });
  afterEach(() => vi.useRealTimers());

  it('asks the engine once, a moment after the last key', async () => {
    for (const value of ['1', '12', '123']) settings.change(INTERVAL, value);
    expect(settings.checking).toBe(true);
    engine.faults = [{ path: INTERVAL, code: 'out_of_range', message: '' }];
    await vi.advanceTimersByTimeAsync(CHECK_AFTER_MS);
    expect(engine.checked).toHaveLength(1);
    expect(settings.faults).toHaveLength(1);
    expect(settings.checking).toBe(false);
  });

  it('does not take a verdict on an older draft for one on this', async () => {
    let answer: (of: { errors: ConfigFault[] }) => void = () => {};
    engine.doors.check = () => new Promise((done) => (answer = done));
    settings.change(INTERVAL, 'x');
    await vi.advanceTimersByTimeAsync(CHECK_AFTER_MS);
    const late = answer;
    settings.change(INTERVAL, 3);
    await vi.advanceTimersByTimeAsync(CHECK_AFTER_MS);
    answer({ errors: [] });
    late({ errors: [{ path: INTERVAL, code: 'wrong_type', message: '' }] });
    await vi.advanceTimersByTimeAsync(0);
    expect(settings.faults).toEqual([]);
  });

  it('saves, and can take it back', async () => {
    settings.change(INTERVAL, 5);
    expect(settings.changes).toHaveLength(1);
    expect(await settings.save()).toBe(true);
    expect(settings.dirty).toBe(false);
    expect(settings.undo?.said).toBe('saved');
    expect(await settings.takeBack()).toBe(true);
    expect(get(engine.config, INTERVAL)).toBe(2);
    expect(settings.value(INTERVAL)).toBe(2);
  });

  it('lays the draft on top of what was changed elsewhere', async () => {
    settings.change(INTERVAL, 5);
    engine.put({ monitor_settings: { interval_seconds: 9 }, discord_settings: { shop_name: 'B' } });
    await settings.load();
    expect(settings.elsewhere).toBe(true);
    expect(settings.value(INTERVAL)).toBe(5);
    expect(settings.value(NAME)).toBe('B');
  });

  it('saves nothing over a change it has not seen, and shows it first', async () => {
    settings.change(INTERVAL, 5);
    engine.put({ monitor_settings: { interval_seconds: 2 }, discord_settings: { shop_name: 'B' } });
    expect(await settings.save()).toBe(false);
    expect(get(engine.config, INTERVAL)).toBe(2);
    expect(settings.elsewhere).toBe(true);
    expect(await settings.save()).toBe(true);
    expect(engine.config).toEqual({
      monitor_settings: { interval_seconds: 5 },
      discord_settings: { shop_name: 'B' },
    });
  });

  it('follows a change elsewhere without a word while there is no draft', async () => {
    engine.put({ monitor_settings: { interval_seconds: 9 } });
    await settings.load();
    expect(settings.elsewhere).toBe(false);
    expect(settings.value(INTERVAL)).toBe(9);
  });

  it('goes back in one value or in all', () => {
    settings.change(INTERVAL, 5);
    settings.change(NAME, 'C');
    settings.revert(INTERVAL);
    expect(settings.changes.map((change) => change.path)).toEqual([NAME]);
    settings.revert();
    expect(settings.dirty).toBe(false);
  });

  it('keeps the draft when the engine is gone', async () => {
    settings.change(INTERVAL, 5);
    engine.doors.save = () => Promise.reject(new ApiError(0, 'unreachable', ''));
    expect(await settings.save()).toBe(false);
    expect(settings.trouble?.unreachable).toBe(true);
    expect(settings.value(INTERVAL)).toBe(5);
  });
});
