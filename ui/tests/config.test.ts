import { describe, expect, it } from 'vitest';
import { faultText } from '../src/lib/config/faults';
import { describe as inWords } from '../src/lib/config/describe';
import { diff, get, rebase, same, set } from '../src/lib/config/document';
import { jsonFault, parseConfig } from '../src/lib/config/json';
import { FIELDS, fieldAt, fieldOfFault } from '../src/lib/config/schema';
import { warningOf } from '../src/lib/config/warnings';
import { backupTime } from '../src/lib/config/backups';

const config = {
  targets: { router: '10.0.0.1' },
  occupancy_settings: { opening_hours: { monday: ['10:00', '22:00'] } },
  api_settings: { allowed_hosts: ['a'] },
};

describe('the document', () => {
  it('is read and changed by path, the old one left as it is', () => {
    const next = set(config, 'targets.router', '10.0.0.2');
    expect(get(next, 'targets.router')).toBe('10.0.0.2');
    expect(get(config, 'targets.router')).toBe('10.0.0.1');
    expect(get(set(config, 'new.key', 1), 'new.key')).toBe(1);
    expect(get(set(config, 'targets.router', undefined), 'targets')).toEqual({});
    expect(get(config, 'targets.router.deeper')).toBeUndefined();
  });

  it('is the same whatever the order of its keys', () => {
    expect(same({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same({ a: undefined }, {})).toBe(false);
  });

  it('differs value by value; lists and opening hours are one value', () => {
    let next = set(config, 'api_settings.allowed_hosts', ['a', 'b']);
    next = set(next, 'occupancy_settings.opening_hours', {});
    expect(diff(config, next).map((change) => change.path)).toEqual([
      'occupancy_settings.opening_hours',
      'api_settings.allowed_hosts',
    ]);
  });

  it('takes my changes onto theirs, mine on top', () => {
    const mine = set(config, 'targets.router', 'mine');
    const theirs = set(set(config, 'targets.router', 'theirs'), 'api_settings.allowed_hosts', [
      'theirs',
    ]);
    const both = rebase(config, mine, theirs);
    expect(get(both, 'targets.router')).toBe('mine');
    expect(get(both, 'api_settings.allowed_hosts')).toEqual(['theirs']);
  });
});

describe('a change in words', () => {
  it('has the label and the unit of its field', () => {
    const words = inWords({ path: 'monitor_settings.interval_seconds', from: 2, to: 5 });
    expect(words).toEqual({ label: 'Look every', from: '2 s', to: '5 s' });
  });

  it('never tells a new secret', () => {
    const path = 'discord_settings.webhook_alerts';
    const words = inWords({ path, from: '', to: 'https://discord.com/api/webhooks/1/hush' });
    expect(JSON.stringify(words)).not.toContain('hush');
  });

  it('counts seats instead of listing thousands', () => {
    const seats = [{ name: 'A', address: '10.0.0.1' }];
    const to = [
      { name: 'B', address: '10.0.0.1' },
      { name: 'C', address: '10.0.0.2' },
    ];
    const words = inWords({ path: 'monitor_settings.pcs', from: seats, to });
    expect(words.to).toBe('2 entries: 1 seat added, 1 seat changed');
  });
});

describe('a fault', () => {
  const fault = (path: string, code: 'out_of_range' | 'wrong_type' | 'bad_value', text = 'x') => ({
    path,
    code,
    message: `${path}: ${text}`,
  });

  it('lies in the field of its path', () => {
    expect(fieldOfFault('monitor_settings.pcs[3].name')?.path).toBe('monitor_settings.pcs');
    expect(fieldOfFault('occupancy_settings.opening_hours.monday')?.kind).toBe('hours');
    expect(fieldOfFault('monitor_settings.pc_countx')).toBeUndefined();
  });

  it('is told by its code, not by the text of the program', () => {
    const path = 'monitor_settings.interval_seconds';
    expect(faultText(fault(path, 'out_of_range'), fieldAt(path))).toBe('Must be from 1 to 60.');
    expect(faultText(fault(path, 'wrong_type'), fieldAt(path))).toBe('A whole number is needed.');
    const router = 'targets.router';
    expect(faultText(fault(router, 'bad_value'), fieldAt(router))).toContain('Neither');
  });

  it('has the text of the program where the code says too little', () => {
    const path = 'api_settings.allowed_origins[0]';
    expect(faultText(fault(path, 'bad_value', 'must be exact'), fieldOfFault(path))).toBe(
      'Must be exact',
    );
  });
});

describe('warnings', () => {
  it('tell what is allowed and yet to be thought over', () => {
    const of = (path: string, value: unknown) => warningOf(path, set({}, path, value));
    expect(of('system_settings.env_state', true)).toContain('second time');
    expect(of('system_settings.env_state', false)).toBe('');
    expect(of('api_settings.trusted_networks', ['10.0.0.0/8'])).not.toBe('');
    expect(of('chain_settings.remote_write_url', 'http://10.0.0.1/')).toContain('http');
    expect(of('chain_settings.remote_write_url', 'https://a.example/')).toBe('');
  });
});

describe('JSON as it is typed', () => {
  it('is a configuration only as an object', () => {
    expect(parseConfig('{"a": 1}')).toEqual({ a: 1 });
    expect(parseConfig('[1]')).toBeNull();
    expect(parseConfig('{')).toBeNull();
  });

  it.each([
    ['{\n  "a": nothing\n}', 2, 8],
    ['{"a": 1,}', 1, 9],
    ['{"a": 1', 1, 8],
    ['{"a": "open\n"}', 1, 7],
    ['{} {}', 1, 4],
    ['', 1, 1],
    ['[1 2]', 1, 4],
  ])('says of %j where it breaks', (text, line, column) => {
    expect(jsonFault(text)).toEqual({ line, column });
  });

  it.each(['{}', ' [1, -2.5e3, "\\u00e9", {"a": [null, true]}] ', '"x"', '0'])(
    'finds nothing in %j',
    (text) => {
      expect(jsonFault(text)).toBeNull();
      expect(() => JSON.parse(text)).not.toThrow();
    },
  );
});

describe('the schema', () => {
  it('names each key once', () => {
    const paths = FIELDS.map((field) => field.path);
    expect(new Set(paths).size).toBe(paths.length);
  });
});

describe('a backup', () => {
  it('is called by its time', () => {
    expect(backupTime('config_backup_20260302_140800.json')).toContain('2026');
    expect(backupTime('else')).toBe('else');
  });
});
