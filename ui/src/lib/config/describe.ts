/** A change of the configuration in words. */
import { t } from '../i18n';
import { same, type Change } from './document';
import { fieldAt, type Unit } from './schema';

/** Symbols, for which one and many are the same. */
const SYMBOLS: Record<Unit, string> = {
  s: 's',
  ms: 'ms',
  min: 'min',
  days: 'd',
  percent: '%',
  seats: 'PC',
};

export interface Described {
  label: string;
  from: string;
  to: string;
}

const asSeats = (value: unknown): { name?: string; address?: string }[] =>
  Array.isArray(value) ? value : [];

/** What happened to a list of seats, which may be thousands. */
function seats(from: unknown, to: unknown): Described {
  const [before, after] = [asSeats(from), asSeats(to)];
  const old = new Map(before.map((seat) => [seat.address, seat]));
  const now = new Map(after.map((seat) => [seat.address, seat]));
  const added = after.filter((seat) => !old.has(seat.address)).length;
  const removed = before.filter((seat) => !now.has(seat.address)).length;
  const changed = after.filter((seat) => {
    const was = old.get(seat.address);
    return was !== undefined && !same(was, seat);
  }).length;
  const w = t.settings.seatChange;
  const parts = [
    added > 0 ? w.added(added) : '',
    removed > 0 ? w.removed(removed) : '',
    changed > 0 ? w.changed(changed) : '',
  ].filter((part) => part !== '');
  return {
    label: t.fields['monitor_settings.pcs'].label,
    from: t.settings.entries(before.length),
    to: `${t.settings.entries(after.length)}: ${parts.length > 0 ? parts.join(', ') : w.order}`,
  };
}

function value(path: string, of: unknown): string {
  const field = fieldAt(path);
  if (of === undefined) return '–';
  if (typeof of === 'boolean') return of ? t.frame.on : t.frame.off;
  if (of === '' || (Array.isArray(of) && of.length === 0)) return t.settings.empty;
  if (field?.kind === 'choice') return t.choices[`${path}.${String(of)}`] ?? String(of);
  if (field?.kind === 'hours') return hours(of);
  if (Array.isArray(of)) return of.map(String).join('\n');
  if (typeof of === 'object') return JSON.stringify(of);
  const unit = field?.unit === undefined ? '' : ` ${SYMBOLS[field.unit]}`;
  return `${String(of)}${unit}`;
}

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

function hours(of: unknown): string {
  const entries = Object.entries(of as Record<string, string[]>);
  if (entries.length === 0) return t.settings.hours.always;
  return entries
    .sort(([a], [b]) => DAYS.indexOf(a) - DAYS.indexOf(b))
    .map(([day, times]) => `${t.frame.weekdays[DAYS.indexOf(day)] ?? day} ${times.join('–')}`)
    .join('\n');
}

export function describe(change: Change): Described {
  const { path, from, to } = change;
  if (path === 'monitor_settings.pcs') return seats(from, to);
  const field = fieldAt(path);
  const label = field === undefined ? path : t.fields[field.path].label;
  const secret = field?.kind === 'secret';
  const shown = secret && typeof to === 'string' && to !== '' && !to.includes('••••');
  return { label, from: value(path, from), to: shown ? t.settings.secretSet : value(path, to) };
}
