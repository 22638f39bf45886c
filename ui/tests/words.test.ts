import { describe, expect, it } from 'vitest';
import type { HeadlineCode } from '../src/lib/api/types';
import { clock } from '../src/lib/format';
import {
  headlineSentence,
  incidentNote,
  answerNote,
  lossNote,
  seatWord,
  stayNote,
  targetNote,
} from '../src/lib/words';
import { NOW, incident, seat, target } from './fixtures';

const SINCE = '2026-03-02T14:02:00Z';
const sentence = (
  code: HeadlineCode,
  params: Record<string, unknown> = {},
  since: string | null = SINCE,
) => headlineSentence({ code, since, params }, NOW);

describe('the sentence at the top', () => {
  it('says that all is well and how many PCs are on', () => {
    const words = sentence('all_well', { seats_online: 14, seats_total: 20 });
    expect(words.title).toBe('All is well. 14 of 20 PCs are on.');
    expect(words.tone).toBe('well');
  });

  it('does not count seats where there are none', () => {
    expect(sentence('all_well', { seats_online: 0, seats_total: 0 }).title).toBe('All is well.');
  });

  it('names the provider, what is fine, and since when', () => {
    const words = sentence('isp_down', { uncertain: false });
    expect(words.title).toBe('The provider is down.');
    expect(words.detail).toBe(
      `No customer is online. Router and local network are fine. Since ${clock(SINCE)} (6 minutes).`,
    );
    expect(words.tone).toBe('bad');
  });

  it('admits that it may be its own cable when nobody was there to tell', () => {
    expect(sentence('router_down', { uncertain: true }).detail).toContain('cable of this PC');
    expect(sentence('router_down', { uncertain: false }).detail).not.toContain('may also');
  });

  it('counts the outages of an unstable stretch, running or not', () => {
    expect(sentence('isp_down', { unstable: true, outages: 4 }).detail).toContain('failed 4 times');
    const calm = sentence('unstable', { cause: 'ISP_DOWN', outages: 4 });
    expect(calm.title).toBe('The internet is unstable.');
    expect(calm.detail).toContain('works right now, but failed 4 times');
  });

  it('says what to do when the system forbids pings', () => {
    const words = sentence('cannot_probe', { target: 'router', reason: 'no_permission' });
    expect(words.title).toBe('The router cannot be watched.');
    expect(words.detail).toContain('administrator');
  });

  it.each([
    ['no_ping_reply', 'router', 'The internet works; the router does not answer ping.'],
    ['primary_silent', 'internet', 'The internet works; its first test address is silent.'],
    ['never_seen', 'internet', 'The internet has never answered.'],
    ['unresolved', 'router', 'The name of the router cannot be resolved.'],
  ])('tells the oddity %s', (warning, which, title) => {
    const words = sentence('warning', { target: which, warning });
    expect(words.title).toBe(title);
    expect(words.tone).toBe('warn');
  });

  it('has plain words for every code, also without parameters', () => {
    const codes: HeadlineCode[] = [
      'all_well',
      'starting',
      'router_down',
      'lan_down',
      'isp_down',
      'server_down',
      'unstable',
      'cannot_probe',
      'warning',
      'never_seen',
    ];
    for (const code of codes) {
      const words = sentence(code, {}, null);
      expect(words.title).toMatch(/^[A-Z].*\.$/);
      expect(words.title + words.detail).not.toMatch(/undefined|null|NaN|!/);
    }
  });
});

describe('a card', () => {
  it('says what explains a silence before anything else', () => {
    expect(targetNote(target({ state: 'down', explained_by: 'router' }), NOW)).toBe(
      'Behind the router, which is down',
    );
    expect(targetNote(target({ state: 'down', explained_by: 'lan' }), NOW)).toBe(
      'The local network is down',
    );
  });

  it('says why a state is unknown', () => {
    expect(targetNote(target({ state: 'unknown', reason: 'never_seen' }), NOW)).toContain(
      'check the address',
    );
  });

  it('counts losses in words', () => {
    expect(lossNote(target())).toBe('1 of 3 lost');
    expect(lossNote(target({ lost: 0 }))).toBe('none of 3 lost');
    expect(lossNote(target({ sent: 0, lost: 0 }))).toBe('no probes yet');
  });
});

describe('an incident', () => {
  it('tells its length when it is over', () => {
    expect(incidentNote(incident(), false, NOW)).toBe('4 min 12 s');
  });

  it('runs, perhaps behind another', () => {
    const running = incident({ end: null, duration_ms: null, start: SINCE });
    expect(incidentNote(running, false, NOW)).toBe('running for 6 min');
    expect(incidentNote(running, true, NOW)).toContain('hidden behind another fault');
  });

  it('owns up to what nobody saw', () => {
    const gaps = [{ from: SINCE, to: SINCE }];
    expect(incidentNote(incident({ gaps, kind: 'unstable', outages: 3 }), false, NOW)).toBe(
      '4 min 12 s, 3 outages, not observed all the time',
    );
  });
});

describe('a seat', () => {
  it('tells its session and how it answers', () => {
    expect(stayNote(seat(), NOW)).toBe(
      `In session since ${clock('2026-03-02T12:01:00Z')} (2 h 7 min)`,
    );
    expect(stayNote(seat({ stay: 'arriving' }), NOW)).toContain('too short');
    expect(stayNote(seat({ stay: 'leaving' }), NOW)).toContain('silent');
    expect(answerNote(seat())).toBe('Answers ping in 0.3 ms');
    expect(answerNote(seat({ firewalled: true }))).toContain('firewall');
    expect(answerNote(seat({ state: 'down' }))).toBe('');
  });

  it('is not called off while nobody can see it', () => {
    expect(seatWord(seat({ state: 'down' }), false)).toBe('off');
    expect(seatWord(seat({ state: 'down' }), true)).toBe('cannot be seen now');
  });
});
