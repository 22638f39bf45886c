/** Numbers and times as people read them, in the reader's language. */
import { locale, t } from './i18n';

/** `4 min 12 s`, `2 h 5 min`, `3 d 4 h`: two units at most. The units are those of the SI. */
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
  return min < 60 ? t.frame.minutes(min) : duration(min * 60_000);
}

/** A stay at a glance, always short: `<1m`, `42m`, `3:07`, `2d`. */
export function stay(ms: number): string {
  const min = Math.floor(Math.max(0, ms) / 60_000);
  if (min < 1) return '<1m';
  if (min < 60) return `${min}m`;
  const h = Math.floor(min / 60);
  return h < 48 ? `${h}:${String(min % 60).padStart(2, '0')}` : `${Math.floor(h / 24)}d`;
}

/** Hours of use: `7.5 h`. */
export const hours = (ms: number): string => `${number(ms / 3_600_000, 1)} h`;

/** With the reader's separators. */
export function number(value: number, digits = 0): string {
  return value.toLocaleString(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** 0.123 → `12 %`, as the language writes it. */
export const percent = (share: number): string =>
  share.toLocaleString(locale, { style: 'percent', maximumFractionDigits: 0 });

/** Round trip: `0.4 ms`, `18 ms`; without a value an en dash. */
export function latency(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 0.1) return `<${number(0.1, 1)} ms`;
  return ms < 9.95 ? `${number(ms, 1)} ms` : `${Math.round(ms)} ms`;
}

/** The first moment of the day, here. */
export function midnight(at: number): number {
  const day = new Date(at);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

/** As the engine reads and writes times. */
export const iso = (at: number): string => new Date(at).toISOString();

const sameDay = (a: number, b: number) => midnight(a) === midnight(b);

/** The time of day, in the reader's zone and habit (12 h or 24 h). */
export function clock(iso: string | number, seconds = false): string {
  return new Date(iso).toLocaleTimeString(locale, {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
  });
}

/** The time of day, with the date when it was not today. */
export function moment(iso: string, now: number): string {
  const then = new Date(iso);
  if (sameDay(then.getTime(), now)) return clock(iso);
  const date = then.toLocaleDateString(locale, { day: 'numeric', month: 'short' });
  return `${date}, ${clock(iso)}`;
}

/** A date with its weekday. */
export const day = (at: number): string =>
  new Date(at).toLocaleDateString(locale, { weekday: 'short', day: 'numeric', month: 'short' });
