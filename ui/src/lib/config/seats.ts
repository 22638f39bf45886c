/**
 * The seats as the configuration makes them: a range of addresses, whose seats are named by
 * number, and explicit ones, which rename a seat of the range or add another. The functions
 * give back a changed copy of the document.
 */
import type { Config } from '../api/types';
import { get, set } from './document';

const PCS = 'monitor_settings.pcs';
const SUBNET = 'monitor_settings.pc_subnet';
const START = 'monitor_settings.pc_start_range';
const COUNT = 'monitor_settings.pc_count';

export interface ExplicitSeat {
  name: string;
  address: string;
  mac?: string;
}

export interface Seat {
  name: string;
  address: string;
  mac: string;
  /** Its place among the explicit ones; none while it is only of the range. */
  index: number | null;
  /** The name it has by the range; none if it is not of it. */
  ranged: string | null;
}

/** Explicit seats, whatever else the document holds there. */
export function explicit(config: Config): ExplicitSeat[] {
  const list = get(config, PCS);
  return Array.isArray(list)
    ? list.map((entry: Partial<ExplicitSeat>) => ({
        ...entry,
        name: String(entry?.name ?? ''),
        address: String(entry?.address ?? ''),
      }))
    : [];
}

/** All seats, in the order of the engine: the range, then what is beside it. */
export function allSeats(config: Config): Seat[] {
  const list = explicit(config);
  const places = new Map(list.map((seat, i) => [seat.address.trim(), i]));
  const seats: Seat[] = [];
  const used = new Set<number>();
  const [subnet, start, count] = [get(config, SUBNET), get(config, START), get(config, COUNT)];
  const whole = (n: unknown): n is number => typeof n === 'number' && Number.isInteger(n);
  if (typeof subnet === 'string' && whole(start) && whole(count) && count <= 254) {
    for (let i = 0; i < count && start + i <= 254; i += 1) {
      const address = `${subnet}.${start + i}`;
      const ranged = `PC-${i + 1}`;
      const index = places.get(address);
      const own = index === undefined ? undefined : list[index];
      if (index !== undefined) used.add(index);
      seats.push({
        name: own?.name ?? ranged,
        address,
        mac: own?.mac ?? '',
        index: index ?? null,
        ranged,
      });
    }
  }
  list.forEach((seat, index) => {
    if (used.has(index)) return;
    seats.push({
      name: seat.name,
      address: seat.address,
      mac: seat.mac ?? '',
      index,
      ranged: null,
    });
  });
  return seats;
}

const entry = (seat: { name: string; address: string; mac: string }): ExplicitSeat => ({
  name: seat.name,
  address: seat.address,
  ...(seat.mac === '' ? {} : { mac: seat.mac }),
});

/** A seat with other data. One of the range that is as the range has it needs no entry. */
export function change(config: Config, seat: Seat, to: Partial<ExplicitSeat>): Config {
  const list = explicit(config);
  const changed = { name: seat.name, address: seat.address, mac: seat.mac, ...to };
  const needless = seat.ranged !== null && changed.name === seat.ranged && changed.mac === '';
  if (seat.index === null) {
    return needless ? config : set(config, PCS, [...list, entry(changed)]);
  }
  const next = needless ? list.toSpliced(seat.index, 1) : list.with(seat.index, entry(changed));
  return set(config, PCS, next);
}

/** Takes an explicit seat out; one of the range gets its number back. */
export function remove(config: Config, seat: Seat): Config {
  return seat.index === null ? config : set(config, PCS, explicit(config).toSpliced(seat.index, 1));
}

/** A further seat with the next free number. */
export function add(config: Config): Config {
  const names = new Set(allSeats(config).map((seat) => seat.name.toLowerCase()));
  let n = names.size + 1;
  while (names.has(`pc-${n}`)) n += 1;
  return set(config, PCS, [...explicit(config), { name: `PC-${n}`, address: '' }]);
}

/** One place up (-1) or down (1) among those beside the range: only there is an order. */
export function move(config: Config, seat: Seat, by: -1 | 1): Config {
  const other = neighbour(config, seat, by);
  if (other === null || seat.index === null) return config;
  const list = explicit(config);
  const [a, b] = [list[seat.index], list[other]];
  if (a === undefined || b === undefined) return config;
  return set(config, PCS, list.with(seat.index, b).with(other, a));
}

function neighbour(config: Config, seat: Seat, by: -1 | 1): number | null {
  if (seat.index === null || seat.ranged !== null) return null;
  const free = allSeats(config).filter((s) => s.ranged === null);
  const at = free.findIndex((s) => s.index === seat.index);
  return free[at + by]?.index ?? null;
}

/** The range turned into a list, so that each of its seats can be moved and taken out. */
export function spellOut(config: Config): Config {
  const list = allSeats(config).map(entry);
  return set(set(config, PCS, list), COUNT, 0);
}

// ── CSV ──────────────────────────────────────────────────────────────────────────────────

const quoted = (text: string): string =>
  /[",;\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** `name,address,mac` with all seats (RFC 4180). */
export function toCsv(config: Config): string {
  const rows = allSeats(config).map((s) => [s.name, s.address, s.mac].map(quoted).join(','));
  return ['name,address,mac', ...rows, ''].join('\r\n');
}

/** Takes a file's seats as the explicit ones; what cannot be read is named by its line. */
export function fromCsv(config: Config, text: string): { config: Config; bad: number[] } {
  const rows = parse(text);
  const seats: ExplicitSeat[] = [];
  const bad: number[] = [];
  rows.forEach((cells, i) => {
    const [name = '', address = '', mac = ''] = cells.map((cell) => cell.trim());
    if (i === 0 && /^name$/i.test(name)) return;
    if (name === '' && address === '' && mac === '') return;
    if (name === '' || address === '') bad.push(i + 1);
    else seats.push(entry({ name, address, mac }));
  });
  if (bad.length > 0 || seats.length === 0) return { config, bad };
  // What is as the range has it needs no entry.
  const bare = new Map(allSeats(set(config, PCS, [])).map((s) => [s.address, s.name]));
  const needed = seats.filter((s) => s.mac !== undefined || bare.get(s.address) !== s.name);
  return { config: set(config, PCS, needed), bad };
}

/** Rows of cells; a comma or, as some spreadsheets write, a semicolon between them. */
function parse(text: string): string[][] {
  const body = text.replace(/^\uFEFF/, '');
  const separator = (body.split('\n')[0] ?? '').includes(';') ? ';' : ',';
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let inside = false;
  const endCell = () => {
    row.push(cell);
    cell = '';
  };
  for (let i = 0; i < body.length; i += 1) {
    const c = body[i] ?? '';
    if (inside) {
      if (c !== '"') cell += c;
      else if (body[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else inside = false;
    } else if (c === '"' && cell.trim() === '') {
      cell = '';
      inside = true;
    } else if (c === separator) endCell();
    else if (c === '\n') {
      endCell();
      rows.push(row);
      row = [];
    } else if (c !== '\r') cell += c;
  }
  if (cell !== '' || row.length > 0) {
    endCell();
    rows.push(row);
  }
  return rows;
}
