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
