import { describe, expect, it } from 'vitest';
import { get } from '../src/lib/config/document';
import * as seats from '../src/lib/config/seats';

const config = (pcs: unknown[] = [], count = 3) => ({
  monitor_settings: { pc_subnet: '10.0.0', pc_start_range: 10, pc_count: count, pcs },
});
const pcs = (of: Record<string, unknown>) => get(of, 'monitor_settings.pcs');
const names = (of: Record<string, unknown>) => seats.allSeats(of).map((seat) => seat.name);
const at = (of: Record<string, unknown>, i: number): seats.Seat => {
  const seat = seats.allSeats(of)[i];
  if (seat === undefined) throw new Error(`no seat ${i}`);
  return seat;
};

describe('all seats', () => {
  it('are the range, renamed where an entry says so, then the others', () => {
    const of = config([
      { name: 'Far', address: '10.0.1.1' },
      { name: 'Door', address: '10.0.0.11' },
    ]);
    expect(names(of)).toEqual(['PC-1', 'Door', 'PC-3', 'Far']);
  });

  it('survive nonsense in the document', () => {
    expect(seats.allSeats({ monitor_settings: { pc_count: 'many', pcs: 'none' } })).toEqual([]);
    expect(seats.allSeats(config([null, 7])).length).toBe(5);
  });
});

describe('a seat of the range', () => {
  it('gets an entry with its first own name, and loses it with its number', () => {
    const named = seats.change(config(), at(config(), 1), { name: 'Door' });
    expect(pcs(named)).toEqual([{ name: 'Door', address: '10.0.0.11' }]);
    expect(pcs(seats.change(named, at(named, 1), { name: 'PC-2' }))).toEqual([]);
    expect(pcs(seats.remove(named, at(named, 1)))).toEqual([]);
  });

  it('keeps its entry while it has a MAC', () => {
    const known = seats.change(config(), at(config(), 0), { mac: '02:00:00:00:00:01' });
    expect(pcs(known)).toEqual([{ name: 'PC-1', address: '10.0.0.10', mac: '02:00:00:00:00:01' }]);
  });
});

describe('seats beside the range', () => {
  const of = config([
    { name: 'A', address: '10.0.1.1' },
    { name: 'Door', address: '10.0.0.10' },
    { name: 'B', address: '10.0.1.2' },
  ]);

  it('move past each other, not past those of the range', () => {
    const moved = seats.move(of, at(of, 3), 1);
    expect(names(moved)).toEqual(['Door', 'PC-2', 'PC-3', 'B', 'A']);
    expect(seats.move(of, at(of, 3), -1)).toBe(of);
    expect(seats.move(of, at(of, 1), 1)).toBe(of);
  });

  it('are added with the next free number', () => {
    expect(names(seats.add(config())).at(-1)).toBe('PC-4');
    const taken = config([{ name: 'pc-5', address: '10.0.1.1' }]);
    expect(names(seats.add(taken)).at(-1)).toBe('PC-6');
  });
});

describe('the range as a list', () => {
  it('has the same seats', () => {
    const of = config([{ name: 'Door', address: '10.0.0.11' }]);
    const listed = seats.spellOut(of);
    expect(names(listed)).toEqual(names(of));
    expect(get(listed, 'monitor_settings.pc_count')).toBe(0);
    expect(seats.allSeats(listed).every((seat) => seat.ranged === null)).toBe(true);
  });
});

describe('CSV', () => {
  it('goes out and comes in as the same seats', () => {
    const of = config([
      { name: 'Door, "left"', address: '10.0.0.11', mac: '02:00:00:00:00:01' },
      { name: 'Far', address: '10.0.1.1' },
    ]);
    const { config: back, bad } = seats.fromCsv(config(), seats.toCsv(of));
    expect(bad).toEqual([]);
    expect(seats.allSeats(back)).toEqual(seats.allSeats(of));
  });

  it('is read with a byte order mark, semicolons and without a heading', () => {
    const read = seats.fromCsv(config([], 0), '\uFEFFA;10.0.0.1\r\nB;10.0.0.2;\r\n\r\n');
    expect(names(read.config)).toEqual(['A', 'B']);
  });

  it('names the lines that lack something, and takes nothing over', () => {
    const of = config();
    const read = seats.fromCsv(of, 'name,address\nA,10.0.0.1\nB\n,10.0.0.3\n');
    expect(read).toEqual({ config: of, bad: [3, 4] });
    expect(seats.fromCsv(of, '').config).toBe(of);
  });
});
