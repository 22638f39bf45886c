/**
 * Every key of the configuration: where it stands, what it takes, its bounds and its default.
 * The engine decides what is right; a test holds this list against the running program, so
 * that no key, bound or default drifts.
 */

export const GROUPS = [
  'network',
  'monitoring',
  'seats',
  'occupancy',
  'discord',
  'screenshots',
  'system',
  'api',
  'chain',
] as const;
export type Group = (typeof GROUPS)[number];

export type Unit = 's' | 'ms' | 'min' | 'days' | 'percent' | 'seats';

interface Spec {
  path: string;
  group: Group;
  kind:
    | 'host'
    | 'integer'
    | 'decimal'
    | 'switch'
    | 'choice'
    | 'text'
    | 'url'
    | 'secret'
    | 'list'
    | 'hours'
    | 'seats';
  unit?: Unit;
  min?: number;
  max?: number;
  /** As the engine has it where the file says nothing. */
  usual: unknown;
  choices?: readonly string[];
  /** The channel that a webhook serves. */
  channel?: 'alerts' | 'occupancy' | 'screenshots';
  /** Seldom needed: shown after the others. */
  rare?: true;
}

const t = 'targets';
const m = 'monitor_settings';
const v = 'verification_settings';
const s = 'screenshot_settings';
const o = 'occupancy_settings';
const d = 'discord_settings';
const y = 'system_settings';
const a = 'api_settings';
const c = 'chain_settings';

export const FIELDS = [
  { path: `${t}.router`, group: 'network', kind: 'host', usual: '192.168.1.1' },
  { path: `${t}.server`, group: 'network', kind: 'host', usual: '192.168.1.200' },
  { path: `${t}.internet`, group: 'network', kind: 'host', usual: '8.8.8.8' },
  { path: `${v}.secondary_target`, group: 'network', kind: 'host', usual: '1.1.1.1' },

  {
    path: `${m}.interval_seconds`,
    group: 'monitoring',
    kind: 'integer',
    unit: 's',
    min: 1,
    max: 60,
    usual: 2,
  },
  {
    path: `${m}.probe_timeout_ms`,
    group: 'monitoring',
    kind: 'integer',
    unit: 'ms',
    min: 100,
    max: 5000,
    usual: 1000,
  },
  {
    path: `${v}.retry_delay_seconds`,
    group: 'monitoring',
    kind: 'decimal',
    unit: 's',
    min: 0.1,
    max: 10,
    usual: 1,
  },
  {
    path: `${v}.min_incident_duration_seconds`,
    group: 'monitoring',
    kind: 'decimal',
    unit: 's',
    min: 0,
    max: 300,
    usual: 10,
  },
  {
    path: `${m}.presence`,
    group: 'monitoring',
    kind: 'choice',
    choices: ['auto', 'icmp', 'arp'],
    usual: 'auto',
  },

  { path: `${m}.pc_subnet`, group: 'seats', kind: 'text', usual: '192.168.1' },
  { path: `${m}.pc_start_range`, group: 'seats', kind: 'integer', min: 1, max: 254, usual: 110 },
  {
    path: `${m}.pc_count`,
    group: 'seats',
    kind: 'integer',
    unit: 'seats',
    min: 0,
    max: 254,
    usual: 20,
  },
  { path: `${m}.pcs`, group: 'seats', kind: 'seats', usual: [] },

  { path: `${o}.enabled`, group: 'occupancy', kind: 'switch', usual: true },
  {
    path: `${o}.mode`,
    group: 'occupancy',
    kind: 'choice',
    choices: ['session', 'timer'],
    usual: 'session',
  },
  {
    path: `${o}.min_session_minutes`,
    group: 'occupancy',
    kind: 'decimal',
    unit: 'min',
    min: 0.05,
    max: 60,
    usual: 3,
  },
  {
    path: `${o}.batch_delay_seconds`,
    group: 'occupancy',
    kind: 'decimal',
    unit: 's',
    min: 1,
    max: 300,
    usual: 30,
  },
  { path: `${o}.hourly_snapshot_enabled`, group: 'occupancy', kind: 'switch', usual: true },
  { path: `${o}.opening_hours`, group: 'occupancy', kind: 'hours', usual: {} },

  { path: `${d}.enabled`, group: 'discord', kind: 'switch', usual: false },
  {
    path: `${d}.shop_name`,
    group: 'discord',
    kind: 'text',
    min: 1,
    max: 80,
    usual: 'My Internet Cafe',
  },
  { path: `${d}.webhook_alerts`, group: 'discord', kind: 'secret', channel: 'alerts', usual: '' },
  {
    path: `${d}.webhook_occupancy`,
    group: 'discord',
    kind: 'secret',
    channel: 'occupancy',
    usual: '',
  },
  {
    path: `${d}.webhook_screenshots`,
    group: 'discord',
    kind: 'secret',
    channel: 'screenshots',
    usual: '',
  },
  { path: `${d}.daily_digest`, group: 'discord', kind: 'switch', usual: true },

  { path: `${s}.enabled`, group: 'screenshots', kind: 'switch', usual: true },
  {
    path: `${s}.interval_minutes`,
    group: 'screenshots',
    kind: 'integer',
    unit: 'min',
    min: 1,
    max: 1440,
    usual: 60,
  },
  {
    path: `${s}.quality`,
    group: 'screenshots',
    kind: 'integer',
    unit: 'percent',
    min: 1,
    max: 100,
    usual: 80,
  },
  { path: `${s}.resize_ratio`, group: 'screenshots', kind: 'decimal', min: 0.1, max: 1, usual: 1 },

  { path: `${y}.language`, group: 'system', kind: 'choice', choices: ['en', 'es'], usual: 'en' },
  { path: `${y}.tray_visibility.clients`, group: 'system', kind: 'switch', usual: true },
  { path: `${y}.tray_visibility.internet`, group: 'system', kind: 'switch', usual: true },
  { path: `${y}.tray_visibility.router`, group: 'system', kind: 'switch', usual: true },
  { path: `${y}.tray_visibility.server`, group: 'system', kind: 'switch', usual: true },
  {
    path: `${y}.log_retention_days`,
    group: 'system',
    kind: 'integer',
    unit: 'days',
    min: 1,
    max: 365,
    usual: 30,
  },
  {
    path: `${y}.history_retention_days`,
    group: 'system',
    kind: 'integer',
    unit: 'days',
    min: 7,
    max: 3650,
    usual: 400,
  },
  { path: `${y}.env_state`, group: 'system', kind: 'switch', usual: false },

  { path: `${a}.bind`, group: 'api', kind: 'host', usual: '0.0.0.0' },
  { path: `${a}.port`, group: 'api', kind: 'integer', min: 1, max: 65535, usual: 5000 },
  { path: `${a}.allowed_hosts`, group: 'api', kind: 'list', usual: [] },
  { path: `${a}.allowed_origins`, group: 'api', kind: 'list', usual: [], rare: true },
  { path: `${a}.trusted_proxies`, group: 'api', kind: 'list', usual: [], rare: true },
  { path: `${a}.trusted_networks`, group: 'api', kind: 'list', usual: [], rare: true },

  { path: `${c}.site`, group: 'chain', kind: 'text', max: 63, usual: '' },
  { path: `${c}.group`, group: 'chain', kind: 'text', max: 63, usual: '' },
  { path: `${c}.provider`, group: 'chain', kind: 'text', max: 63, usual: '' },
  { path: `${c}.link`, group: 'chain', kind: 'url', usual: '' },
  { path: `${c}.remote_write_url`, group: 'chain', kind: 'url', usual: '' },
  { path: `${c}.username`, group: 'chain', kind: 'text', max: 255, usual: '' },
  { path: `${c}.token`, group: 'chain', kind: 'secret', usual: '' },
  {
    path: `${c}.push_interval_seconds`,
    group: 'chain',
    kind: 'integer',
    unit: 's',
    min: 5,
    max: 300,
    usual: 15,
  },
  { path: `${c}.share_seats`, group: 'chain', kind: 'switch', usual: false },
  { path: `${c}.query_url`, group: 'chain', kind: 'url', usual: '', rare: true },
  { path: `${c}.query_username`, group: 'chain', kind: 'text', max: 255, usual: '', rare: true },
  { path: `${c}.query_token`, group: 'chain', kind: 'secret', usual: '', rare: true },
  { path: `${c}.heartbeat_url`, group: 'chain', kind: 'secret', usual: '', rare: true },
] as const satisfies readonly Spec[];

export type FieldPath = (typeof FIELDS)[number]['path'];
export type Field = Spec & { path: FieldPath };

export const fieldsOf = (group: Group): Field[] =>
  (FIELDS as readonly Field[]).filter((field) => field.group === group);

export const fieldAt = (path: string): Field | undefined =>
  (FIELDS as readonly Field[]).find((field) => field.path === path);

/** The field that a fault's path lies in: `…pcs[3].name` belongs to `…pcs`. */
export const fieldOfFault = (path: string): Field | undefined =>
  (FIELDS as readonly Field[]).find(
    (field) =>
      path === field.path ||
      (/^[.[]/.test(path.slice(field.path.length)) && path.startsWith(field.path)),
  );
