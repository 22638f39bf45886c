/** Asking the engine. Paths are relative to where the page came from. */
import type { Incident, SiteView } from './types';

async function get<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

export const fetchSite = () => get<SiteView>('/api/v1/site');

export async function fetchIncidents(limit: number): Promise<Incident[]> {
  const body = await get<{ incidents: Incident[] }>(`/api/v1/incidents?limit=${limit}`);
  return newestFirst(body.incidents).slice(0, limit);
}

/** Newest first, whichever way they came. */
export function newestFirst(incidents: Incident[]): Incident[] {
  return [...incidents].sort((a, b) => Date.parse(b.start) - Date.parse(a.start) || b.id - a.id);
}
