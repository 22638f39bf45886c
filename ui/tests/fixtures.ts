import type { Incident, SeatView, SiteView, TargetView } from '../src/lib/api/types';

export const NOW = Date.parse('2026-03-02T14:08:00Z');

export const target = (over: Partial<TargetView> = {}): TargetView => ({
  target: 'router',
  address: '192.168.1.1',
  state: 'up',
  since: '2026-03-02T09:00:00Z',
  reason: null,
  warning: null,
  explained_by: null,
  rtt_ms: 0.42,
  sent: 3,
  lost: 1,
  recent: [0.4, null, 0.42],
  ...over,
});

export const seat = (over: Partial<SeatView> = {}): SeatView => ({
  name: 'PC-1',
  address: '192.168.1.101',
  state: 'up',
  since: null,
  rtt_ms: 0.3,
  firewalled: false,
  mac: null,
  stay: 'here',
  stay_since: '2026-03-02T12:01:00Z',
  session: 7,
  ...over,
});

export const site = (over: Partial<SiteView> = {}): SiteView => ({
  demo: false,
  shop_name: 'Test Café',
  version: '0.1.0',
  at: '2026-03-02T14:08:00Z',
  cycle: 10,
  missed_beats: 0,
  interval_ms: 1000,
  started_at: '2026-03-02T09:00:00Z',
  headline: {
    code: 'all_well',
    since: '2026-03-02T09:00:00Z',
    params: { seats_online: 1, seats_total: 2 },
  },
  targets: [
    target(),
    target({ target: 'server', address: '192.168.1.10' }),
    target({ target: 'internet', address: '8.8.8.8', rtt_ms: 18.3 }),
  ],
  seats: [
    seat(),
    seat({
      name: 'PC-2',
      address: '192.168.1.102',
      state: 'down',
      rtt_ms: null,
      stay: 'away',
      stay_since: null,
      session: null,
    }),
  ],
  seats_online: 1,
  seats_total: 2,
  sessions: 1,
  frozen: false,
  incidents: [],
  faults: [],
  methods: { v4: 'raw socket' },
  ...over,
});

export const incident = (over: Partial<Incident> = {}): Incident => ({
  id: 1,
  cause: 'ROUTER_DOWN',
  kind: 'outage',
  start: '2026-03-02T13:00:00Z',
  end: '2026-03-02T13:04:12Z',
  duration_ms: 252_000,
  end_reason: 'restored',
  outages: 1,
  gaps: [],
  ...over,
});
