/** The shapes of `/api/v1`, as the engine writes them. Times are RFC 3339. */

export type LinkState = 'unknown' | 'up' | 'suspect' | 'down';
export type TargetName = 'router' | 'server' | 'internet';
export type Reason =
  | 'starting'
  | 'never_seen'
  | 'no_permission'
  | 'no_socket'
  | 'unresolved'
  | 'no_route'
  | 'not_watched';
export type Warning = 'no_ping_reply' | 'primary_silent';
export type Cause = 'ROUTER_DOWN' | 'SERVER_DOWN' | 'ISP_DOWN' | 'LAN_DOWN';
export type IncidentKind = 'outage' | 'unstable';
export type HeadlineCode =
  | 'all_well'
  | 'starting'
  | 'router_down'
  | 'lan_down'
  | 'isp_down'
  | 'server_down'
  | 'unstable'
  | 'cannot_probe'
  | 'warning'
  | 'never_seen';

export interface Headline {
  code: HeadlineCode;
  since: string | null;
  params: Record<string, unknown>;
}

export interface TargetView {
  target: TargetName;
  address: string;
  state: LinkState;
  since: string | null;
  reason: Reason | null;
  warning: Warning | null;
  explained_by: 'router' | 'lan' | null;
  rtt_ms: number | null;
  /** Of the probes in `recent`. */
  sent: number;
  lost: number;
  /** Oldest first; `null` is a lost probe. */
  recent: (number | null)[];
}

export interface SeatView {
  name: string;
  address: string;
  state: LinkState;
  since: string | null;
  rtt_ms: number | null;
  /** It answers ARP and not ping. */
  firewalled: boolean;
  mac: string | null;
  stay: 'away' | 'arriving' | 'here' | 'leaving';
  /** The first moment seen; `null` while away. */
  stay_since: string | null;
  session: number | null;
}

export interface OpenIncident {
  id: number;
  cause: Cause;
  kind: IncidentKind;
  start: string;
  held: boolean;
}

export interface SiteView {
  demo: boolean;
  shop_name: string;
  version: string;
  at: string;
  cycle: number;
  /** Beats that could not be started because the machine was busy. */
  missed_beats: number;
  interval_ms: number;
  started_at: string;
  headline: Headline;
  targets: TargetView[];
  seats: SeatView[];
  seats_online: number;
  seats_total: number;
  sessions: number;
  /** Router or local network are down: nothing is concluded about the seats. */
  frozen: boolean;
  incidents: OpenIncident[];
  faults: { code: string; message: string }[];
  methods: Record<string, string>;
}

export interface Incident {
  id: number;
  cause: Cause;
  kind: IncidentKind;
  start: string;
  end: string | null;
  duration_ms: number | null;
  end_reason: string | null;
  outages: number;
  gaps: { from: string; to: string }[];
}

/** A minute of a link. Its figures are of the probes sent in it; none where nothing answered. */
export interface LinkStatRow {
  at: string;
  sent: number;
  lost: number;
  rtt_min_ms: number | null;
  rtt_avg_ms: number | null;
  rtt_max_ms: number | null;
}

export interface LinkStatistics {
  rows: LinkStatRow[];
  truncated: boolean;
}

export interface Session {
  id: number;
  seat: string;
  address: string;
  mac: string | null;
  start: string;
  end: string | null;
  duration_ms: number | null;
  gaps: { from: string; to: string }[];
  end_reason: 'left' | 'no_longer_watched' | 'unobserved' | null;
}

export interface SeatUse {
  seat: string;
  address: string;
  used_ms: number;
  outside_ms: number;
  sessions: number;
}

export interface Occupancy {
  from: string;
  to: string;
  sessions: number;
  short_stays: { seat: string; address: string; start: string; end: string }[];
  open_ms: number;
  observed_open_ms: number;
  average_occupancy: number | null;
  peak: { at: string; online: number } | null;
  heat: (number | null)[][];
  seats: SeatUse[];
  idle: string[];
  outside: { seat: string; address: string; start: string; end: string }[];
}

export interface OccupancyMinutes {
  from: string;
  to: string;
  rows: { at: string; online: number; peak: number; total: number }[];
}

export interface LogLines {
  lines: number;
  source: 'memory' | 'disk';
  logs: string[];
}

/** A log of an earlier day, by its file name. */
export type Archive = string;

/** The document of the configuration: sections of keys. */
export type Config = Record<string, unknown>;

export interface ConfigFault {
  path: string;
  code: 'syntax' | 'wrong_type' | 'out_of_range' | 'unknown_key' | 'bad_value';
  message: string;
}

export interface ConfigAnswer {
  revision: string;
  config: Config;
  faults: ConfigFault[];
}

export interface ConfigCheck {
  valid: boolean;
  errors: ConfigFault[];
}

export interface Discovery {
  state: 'idle' | 'running' | 'done' | 'cancelled' | 'failed';
  /** 0 to 1. */
  progress: number;
  asked: number;
  total: number;
  /** How many have answered so far. */
  found: number;
  hosts: { address: string; mac: string | null; via: string; rtt_ms: number | null }[];
  suggestion: { targets?: Config; monitor_settings?: Config } | null;
  /** Why it failed. */
  error: string | null;
}

export type Channel = 'alerts' | 'occupancy' | 'screenshots';
export type NoticeState = 'waiting' | 'delivered' | 'merged' | 'dropped' | 'refused';

export interface Notice {
  id: number;
  at: string;
  channel: Channel;
  code: string;
  title: string;
  text: string;
  state: NoticeState;
  attempts: number;
  next_try: string | null;
  last_error: string | null;
  delivered_at: string | null;
}

export interface ChannelView {
  channel: Channel;
  state: 'off' | 'ok' | 'waiting' | 'dead';
  waiting: number;
  error: string | null;
  blocked_until: string | null;
}

export interface NoticeList {
  notices: Notice[];
  channels: ChannelView[];
}

export interface Delivery {
  delivered: boolean;
  message: string;
}

export interface Privacy {
  on: boolean;
  until: string | null;
  since: string | null;
}

export type Role = 'anyone' | 'viewer' | 'admin';

export interface SessionInfo {
  role: Role;
  setup_needed: boolean;
}

export interface Token {
  id: string | number;
  name: string;
  scope: 'read' | 'admin';
  created_at: string;
}

export interface AuditEntry {
  at: string;
  what: string;
  who: string;
  /** From where: an address, or this computer. */
  from: string;
}
