import { tick } from 'svelte';
import { fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import type { Session } from '../src/lib/api/types';
import IncidentList from '../src/components/IncidentList.svelte';
import Live from '../src/pages/Live.svelte';
import { LiveSite, type Stream } from '../src/state/live.svelte';
import { NOW, incident, seat, site, target } from './fixtures';

const silent: Stream = {
  addEventListener: () => {},
  onopen: null,
  onerror: null,
  close: () => {},
};

let stop = () => {};
let today: Session[] = [];
afterEach(() => stop());

function show(view: ReturnType<typeof site> | null) {
  const live = new LiveSite({
    site: () => (view === null ? Promise.reject(new Error('gone')) : Promise.resolve(view)),
    incidents: () => Promise.resolve([]),
    hour: () => Promise.resolve([]),
    peak: () => Promise.resolve(null),
    stream: () => ({ ...silent }),
  });
  // The frame starts it in the whole page.
  stop = live.start();
  render(Live, { props: { live, sessions: () => Promise.resolve(today) } });
}

describe('the page', () => {
  it('shows the sentence, three cards in the order of the cable, and the seats', async () => {
    show(site());
    expect(await screen.findByRole('status')).toHaveProperty(
      'textContent',
      'All is well. 1 of 2 PCs are on.',
    );
    const cards = screen.getAllByRole('article').map((c) => c.getAttribute('aria-label'));
    expect(cards).toEqual(['Router: Up', 'Internet: Up', 'Server: Up']);
    expect(screen.getByText('PC-2')).toBeTruthy();
    expect(screen.queryByText('DEMO')).toBeNull();
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('tells a state by word and by shape', async () => {
    show(site({ targets: [target({ state: 'down' })] }));
    const card = await screen.findByRole('article', { name: 'Router: Down' });
    expect(card.querySelector('svg[data-state=down]')).toBeTruthy();
    expect(card.textContent).toContain('Down');
    expect(card.textContent).not.toContain('0.4 ms');
  });

  it('shows what is wrong with the program itself', async () => {
    show(site({ faults: [{ code: 'config_invalid', message: 'The file is damaged.' }] }));
    expect(await screen.findByText(/The file is damaged/)).toBeTruthy();
  });

  it('tells of a seat when it is pointed at', async () => {
    show(site());
    const tile = await screen.findByRole('button', { name: /PC-1/ });
    expect(tile.textContent).toContain('2:07');
    today = [
      {
        id: 1,
        seat: 'PC-1',
        address: '192.168.1.101',
        mac: null,
        start: '2026-03-02T10:00:00Z',
        end: '2026-03-02T11:30:00Z',
        duration_ms: 5_400_000,
        gaps: [],
        end_reason: 'left',
      },
    ];
    await fireEvent.click(tile);
    expect(screen.getByText('Answers ping in 0.3 ms')).toBeTruthy();
    expect(await screen.findByText('1 h 30 min')).toBeTruthy();
    await fireEvent.keyDown(window, { key: 'Escape' });
    expect(screen.queryByText('Answers ping in 0.3 ms')).toBeNull();
  });

  it('says that nothing is concluded while seats are frozen', async () => {
    show(site({ frozen: true }));
    expect(await screen.findByText(/nothing is concluded about the seats/)).toBeTruthy();
    const tile = screen.getByRole('button', { name: /PC-2/ });
    expect(tile.querySelector('[data-state=frozen]')).toBeTruthy();
  });

  it('draws of a hall of thousands what is near, and finds a seat in it', async () => {
    const seats = Array.from({ length: 4096 }, (_, i) =>
      seat({ name: `S-${i}`, address: `10.0.${Math.floor(i / 250)}.${i % 250}` }),
    );
    show(site({ seats, seats_total: 4096, seats_online: 4096, sessions: 4096 }));
    const tiles = () => document.querySelectorAll('[role=listitem] button').length;
    await screen.findByLabelText('Find a seat');
    expect(tiles()).toBeGreaterThan(10);
    expect(tiles()).toBeLessThan(200);
    await fireEvent.input(screen.getByLabelText('Find a seat'), { target: { value: 's-4095' } });
    expect(tiles()).toBe(1);
    await fireEvent.input(screen.getByLabelText('Find a seat'), { target: { value: 'nobody' } });
    expect(screen.getByText(/No seat matches/)).toBeTruthy();
  });

  it('filters by how seats are', async () => {
    show(site());
    await fireEvent.click(await screen.findByRole('radio', { name: 'Off 1' }));
    expect(screen.queryByRole('button', { name: /PC-1/ })).toBeNull();
    expect(screen.getByRole('button', { name: /PC-2/ })).toBeTruthy();
  });

  it('reaches every tile by the arrow keys, one by Tab', async () => {
    show(site());
    const first = await screen.findByRole('button', { name: /PC-1/ });
    const second = screen.getByRole('button', { name: /PC-2/ });
    expect([first.tabIndex, second.tabIndex]).toEqual([0, -1]);
    first.focus();
    await fireEvent.keyDown(first, { key: 'ArrowDown' });
    await tick();
    expect(document.activeElement).toBe(second);
    expect([first.tabIndex, second.tabIndex]).toEqual([-1, 0]);
  });

  it('waits in words when nobody answers', async () => {
    show(null);
    expect(await screen.findByText('Waiting for CafeSentinel.')).toBeTruthy();
  });

  it('explains how to add seats where there are none', async () => {
    show(site({ seats: [], seats_online: 0, seats_total: 0 }));
    expect(await screen.findByText(/No seats are configured/)).toBeTruthy();
  });
});

describe('the incidents', () => {
  it('are told in words', () => {
    render(IncidentList, { props: { incidents: [incident()], open: [], now: NOW } });
    expect(screen.getByText('Router down')).toBeTruthy();
    expect(screen.getByText('4 min 12 s')).toBeTruthy();
  });

  it('do not say none before they were read', () => {
    render(IncidentList, { props: { incidents: null, open: [], now: NOW } });
    expect(screen.queryByText(/None so far/)).toBeNull();
  });
});
