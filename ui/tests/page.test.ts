import { fireEvent, render, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
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

function show(view: ReturnType<typeof site> | null) {
  const live = new LiveSite({
    site: () => (view === null ? Promise.reject(new Error('gone')) : Promise.resolve(view)),
    incidents: () => Promise.resolve([]),
    stream: () => ({ ...silent }),
  });
  render(Live, { props: { live } });
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

  it('marks invented data', async () => {
    show(site({ demo: true }));
    expect(await screen.findByText('DEMO')).toBeTruthy();
  });

  it('shows what is wrong with the program itself', async () => {
    show(site({ faults: [{ code: 'config_invalid', message: 'The file is damaged.' }] }));
    expect(await screen.findByText(/The file is damaged/)).toBeTruthy();
  });

  it('tells of a seat when it is pointed at', async () => {
    show(site());
    const tile = await screen.findByRole('button', { name: /PC-1/ });
    expect(tile.textContent).toContain('2:07');
    await fireEvent.focus(tile);
    expect(screen.getByText('Answers ping in 0.3 ms')).toBeTruthy();
  });

  it('says that nothing is concluded while seats are frozen', async () => {
    show(site({ frozen: true }));
    expect(await screen.findByText(/nothing is concluded about the seats/)).toBeTruthy();
    const tile = screen.getByRole('button', { name: /PC-2/ });
    expect(tile.querySelector('svg[data-state=frozen]')).toBeTruthy();
  });

  it('draws a hall of thousands a page at a time and finds a seat in it', async () => {
    const seats = Array.from({ length: 900 }, (_, i) =>
      seat({ name: `S-${i}`, address: `10.0.${Math.floor(i / 250)}.${i % 250}` }),
    );
    show(site({ seats, seats_total: 900, seats_online: 900, sessions: 900 }));
    // Roles of hundreds of elements take seconds to be worked out, so they are counted plainly.
    const tiles = () => document.querySelectorAll('li button').length;
    await screen.findByLabelText('Find a seat');
    expect(tiles()).toBe(400);
    await fireEvent.click(screen.getByText('Show 400 more of 900'));
    expect(tiles()).toBe(800);
    await fireEvent.input(screen.getByLabelText('Find a seat'), { target: { value: 's-899' } });
    expect(tiles()).toBe(1);
    await fireEvent.input(screen.getByLabelText('Find a seat'), { target: { value: 'nobody' } });
    expect(screen.getByText(/No seat matches/)).toBeTruthy();
  }, 30_000);

  it('says so when nobody answers', async () => {
    show(null);
    expect((await screen.findByRole('alert')).textContent).toContain('No connection');
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
