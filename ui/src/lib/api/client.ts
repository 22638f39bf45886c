/** Every endpoint that the page uses, with its shape. */
import { ask, askBlob, query } from './http';
import type {
  Archive,
  AuditEntry,
  Channel,
  Config,
  ConfigAnswer,
  ConfigCheck,
  Delivery,
  Discovery,
  Incident,
  LinkStatistics,
  LogLines,
  NoticeList,
  NoticeState,
  Occupancy,
  OccupancyMinutes,
  Privacy,
  Session,
  SessionInfo,
  SiteView,
  TargetName,
  Token,
} from './types';

export const fetchSite = () => ask<SiteView>('/api/v1/site');

export async function fetchIncidents(limit: number): Promise<Incident[]> {
  const body = await ask<{ incidents: Incident[] }>(`/api/v1/incidents?limit=${limit}`);
  return newestFirst(body.incidents).slice(0, limit);
}

/** Newest first, whichever way they came. */
export function newestFirst(incidents: Incident[]): Incident[] {
  return [...incidents].sort((a, b) => Date.parse(b.start) - Date.parse(a.start) || b.id - a.id);
}

export const fetchStatistics = (target: TargetName, from: string, to: string) =>
  ask<LinkStatistics>(
    `/api/v1/links/${target}/statistics${query({ resolution: 'minute', from, to })}`,
  );

// ── seats ────────────────────────────────────────────────────────────────────────────────

export interface SessionFilter {
  from?: string;
  to?: string;
  seat?: string;
  open?: boolean;
  limit?: number;
  before?: number;
}

export const fetchSessions = async (filter: SessionFilter): Promise<Session[]> =>
  (await ask<{ sessions: Session[] }>(`/api/v1/sessions${query({ ...filter })}`)).sessions;

export const sessionsCsvPath = (filter: SessionFilter) =>
  `/api/v1/sessions.csv${query({ ...filter })}`;

export const fetchOccupancy = (from: string, to: string) =>
  ask<Occupancy>(`/api/v1/occupancy${query({ from, to })}`);

export const fetchOccupancyMinutes = (from: string, to: string) =>
  ask<OccupancyMinutes>(`/api/v1/occupancy/minutes${query({ from, to })}`);

// ── log ──────────────────────────────────────────────────────────────────────────────────

export const fetchLog = (lines: number) => ask<LogLines>(`/api/logs${query({ lines })}`);

export const fetchArchives = async (): Promise<Archive[]> =>
  (await ask<{ archives: Archive[] }>('/api/logs/archive')).archives;

const archivePath = (name: string) => `/api/logs/archive/${encodeURIComponent(name)}`;

export const fetchArchive = async (name: string): Promise<string[]> =>
  (await ask<{ logs: string[] }>(archivePath(name))).logs;

export const deleteArchive = (name: string) => ask(archivePath(name), { method: 'DELETE' });

// ── configuration ────────────────────────────────────────────────────────────────────────

export const fetchConfig = () => ask<ConfigAnswer>('/api/v1/config');

export const checkConfig = (config: Config) =>
  ask<ConfigCheck>('/api/v1/config/check', { method: 'POST', body: config });

/** Only if `revision` is still in force; else an error with status 412. */
export const saveConfig = (config: Config, revision: string) =>
  ask<ConfigAnswer>('/api/v1/config', {
    method: 'POST',
    body: config,
    headers: { 'if-match': `"${revision}"` },
  });

export const fetchBackups = async (): Promise<string[]> =>
  (await ask<{ backups: string[] }>('/api/config/backups')).backups;

export const fetchBackup = (name: string) =>
  ask<ConfigAnswer>(`/api/v1/config/backups/${encodeURIComponent(name)}`);

export const restoreBackup = (backup: string) =>
  ask<ConfigAnswer>('/api/v1/config/restore', { method: 'POST', body: { backup } });

// ── discovery ────────────────────────────────────────────────────────────────────────────

const DISCOVERY = '/api/v1/discovery';
export const startDiscovery = (network: string) =>
  ask<Discovery>(DISCOVERY, { method: 'POST', body: network === '' ? {} : { network } });
export const fetchDiscovery = () => ask<Discovery>(DISCOVERY);
export const cancelDiscovery = () => ask<Discovery>(DISCOVERY, { method: 'DELETE' });

// ── notices ──────────────────────────────────────────────────────────────────────────────

export interface NoticeFilter {
  state?: NoticeState | undefined;
  channel?: Channel | undefined;
  limit?: number;
  before_id?: number;
}

export const fetchNotices = (filter: NoticeFilter) =>
  ask<NoticeList>(`/api/v1/notices${query({ ...filter })}`);
export const retryNotice = (id: number) => ask(`/api/v1/notices/${id}/retry`, { method: 'POST' });
export const dropNotice = (id: number) => ask(`/api/v1/notices/${id}/drop`, { method: 'POST' });
export const testNotice = (channel: Channel) =>
  ask<Delivery>('/api/v1/notices/test', { method: 'POST', body: { channel } });

// ── privacy and pictures ─────────────────────────────────────────────────────────────────

export const fetchPrivacy = () => ask<Privacy>('/api/v1/privacy');
export const fetchScreenshot = () => askBlob('/api/v1/screenshot');

// ── access ───────────────────────────────────────────────────────────────────────────────

export const fetchSession = () => ask<SessionInfo>('/api/v1/session', { quiet: true });
export const login = (password: string) =>
  ask('/api/v1/login', { method: 'POST', body: { password }, quiet: true });
export const logout = () => ask('/api/v1/logout', { method: 'POST', quiet: true });

export const fetchTokens = async (): Promise<Token[]> =>
  (await ask<{ tokens: Token[] }>('/api/v1/tokens')).tokens;
export const createToken = (name: string, scope: Token['scope']) =>
  ask<{ token: string }>('/api/v1/tokens', { method: 'POST', body: { name, scope } });
export const revokeToken = (id: Token['id']) =>
  ask(`/api/v1/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' });

export const fetchAudit = async (): Promise<AuditEntry[]> =>
  (await ask<{ audit: AuditEntry[] }>('/api/v1/audit')).audit;

/** `which` is replaced; `current` is the admin password. */
export const changePassword = (which: 'admin' | 'privacy', current: string, password: string) =>
  ask('/api/v1/passwords', { method: 'POST', body: { which, current, password } });
