/** Numbers and times as people read them. */

/** `4 min 12 s`, `2 h 05 min`, `3 d 4 h`: two units at most. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return s % 60 === 0 ? `${min} min` : `${min} min ${s % 60} s`;
  const h = Math.floor(min / 60);
  if (h < 24) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  const d = Math.floor(h / 24);
  return h % 24 === 0 ? `${d} d` : `${d} d ${h % 24} h`;
}

/** Whole minutes, for a sentence that should not tick every second; seconds below one. */
export function roughDuration(ms: number): string {
  if (ms < 60_000) return duration(ms);
  const min = Math.floor(ms / 60_000);
  if (min < 60) return min === 1 ? '1 minute' : `${min} minutes`;
  return duration(min * 60_000);
}

/** A stay at a glance, always short: `<1m`, `42m`, `3:07`, `2d`. */
export function stay(ms: number): string {
  const min = Math.floor(Math.max(0, ms) / 60_000);
  if (min < 1) return '<1m';
  if (min < 60) return `${min}m`;
  const h = Math.floor(min / 60);
  return h < 48 ? `${h}:${String(min % 60).padStart(2, '0')}` : `${Math.floor(h / 24)}d`;
}

/** Round trip: `0.4 ms`, `18 ms`; without a value an en dash. */
export function latency(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 0.1) return '<0.1 ms';
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

const sameDay = (a: Date, b: Date) =>
  a.getFullYear() === b.getFullYear() &&
  a.getMonth() === b.getMonth() &&
  a.getDate() === b.getDate();

/** The time of day, in the reader's zone and habit (12 h or 24 h). */
export function clock(iso: string, seconds = false): string {
  return new Date(iso).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
  });
}

/** The time of day, with the date when it was not today. */
export function moment(iso: string, now: number): string {
  const then = new Date(iso);
  if (sameDay(then, new Date(now))) return clock(iso);
  const date = then.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
  return `${date}, ${clock(iso)}`;
}
