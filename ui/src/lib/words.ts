/**
 * What the engine decided, in plain words. The engine sends codes and parameters; which
 * sentence of the catalogue fits them is found here.
 */
import type { Cause, Headline, Incident, SeatView, TargetName, TargetView } from './api/types';
import { duration, latency, moment, roughDuration } from './format';
import { t } from './i18n';

export type Tone = 'well' | 'wait' | 'warn' | 'bad';

export interface Sentence {
  /** What is going on. */
  title: string;
  /** What it means, and since when. */
  detail: string;
  tone: Tone;
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const isTarget = (value: unknown): value is TargetName =>
  value === 'router' || value === 'internet' || value === 'server';
const isCause = (value: unknown): value is Cause =>
  typeof value === 'string' && value in t.live.unstable;
const join = (...parts: string[]) => parts.filter((part) => part !== '').join(' ');

function since(headline: Headline, now: number): string {
  if (headline.since === null) return '';
  const age = now - Date.parse(headline.since);
  return t.live.since(moment(headline.since, now), roughDuration(age));
}

function seatsInUse(params: Record<string, unknown>): string {
  const total = number(params['seats_total']);
  return total === 0 ? '' : t.live.seatsOn(number(params['seats_online']), total);
}

function cannotProbe(reason: string): string {
  switch (reason) {
    case 'no_permission':
      return t.live.noPermission;
    case 'no_route':
      return t.live.noRoute;
    default:
      return t.live.noSocket;
  }
}

function warning(target: TargetName, code: string): { title: string; detail: string } {
  switch (code) {
    case 'no_ping_reply':
      return { title: t.live.noPingReply, detail: t.live.noPingReplyDetail };
    case 'primary_silent':
      return { title: t.live.primarySilent, detail: t.live.primarySilentDetail };
    case 'unresolved':
      return { title: t.live.unresolved(target), detail: t.live.unresolvedDetail };
    default:
      return { title: t.live.neverAnswered(target), detail: t.live.neverAnsweredDetail };
  }
}

/** The sentence at the top of the page. */
export function headlineSentence(headline: Headline, now: number): Sentence {
  const { code, params } = headline;
  const w = t.live;
  const when = since(headline, now);
  const shaky = params['unstable'] === true ? w.failedTimes(number(params['outages'])) : '';
  const uncertain = params['uncertain'] === true;
  const bad = (title: string, detail: string): Sentence => ({
    title,
    detail: join(detail, shaky, when),
    tone: 'bad',
  });
  switch (code) {
    case 'all_well':
      return {
        title: join(w.allWell, seatsInUse(params)),
        detail: join(w.allWellDetail, when),
        tone: 'well',
      };
    case 'starting':
      return { title: w.starting, detail: w.startingDetail, tone: 'wait' };
    case 'router_down':
      return bad(w.routerDown, uncertain ? w.routerDownUncertain : w.routerDownDetail);
    case 'lan_down':
      return bad(w.lanDown, w.lanDownDetail);
    case 'isp_down':
      return bad(w.ispDown, w.ispDownDetail);
    case 'server_down':
      return bad(w.serverDown, uncertain ? w.serverDownUncertain : w.serverDownDetail);
    case 'unstable': {
      const cause = params['cause'];
      return {
        title: isCause(cause) ? w.unstable[cause] : w.unstableAny,
        detail: join(w.unstableDetail(number(params['outages'])), when),
        tone: 'warn',
      };
    }
    case 'cannot_probe': {
      const target = params['target'];
      return {
        title: isTarget(target) ? w.cannotProbe(target) : w.cannotProbeAny,
        detail: cannotProbe(text(params['reason'])),
        tone: 'bad',
      };
    }
    case 'never_seen':
      return { title: w.neverSeen, detail: w.neverSeenDetail, tone: 'warn' };
    case 'warning': {
      const target = params['target'];
      const words = warning(isTarget(target) ? target : 'router', text(params['warning']));
      return { ...words, tone: 'warn' };
    }
  }
}

/** The line beneath a card's number: why it is as it is. */
export function targetNote(view: TargetView, now: number): string {
  if (view.explained_by === 'router') return t.live.behindRouter;
  if (view.explained_by === 'lan') return t.live.behindLan;
  if (view.reason !== null) return t.live.reasons[view.reason];
  if (view.warning === 'no_ping_reply') return t.live.noPingNote;
  if (view.warning === 'primary_silent') return t.live.primaryNote;
  if (view.since === null) return '';
  return t.live.sinceShort(moment(view.since, now), roughDuration(now - Date.parse(view.since)));
}

/**
 * The state of a seat in a word. A PC that is off is no fault, so seats speak of on and off,
 * not of up and down.
 */
export function seatWord(seat: SeatView, frozen: boolean): string {
  return frozen && seat.state !== 'up' ? t.live.cannotBeSeen : t.live.seatStates[seat.state];
}

/** The shape that a seat is marked with. Off is no fault, so it gets no triangle. */
export function seatShape(seat: SeatView, frozen: boolean) {
  if (frozen && seat.state !== 'up') return 'frozen' as const;
  return seat.state === 'down' ? ('unknown' as const) : seat.state;
}

/** Somebody sits there: in a session, also while it is silent for a moment. */
export const inSession = (seat: SeatView): boolean =>
  seat.stay === 'here' || seat.stay === 'leaving';

/** What is known of a stay, in a line; empty while nothing is. */
export function stayNote(seat: SeatView, now: number): string {
  const since = seat.stay_since;
  if (since !== null) {
    const time = moment(since, now);
    const age = roughDuration(now - Date.parse(since));
    if (seat.stay === 'arriving') return t.live.arriving(time, age);
    if (seat.stay === 'leaving') return t.live.leaving(time, age);
    return t.live.inSession(time, age);
  }
  return seat.state === 'down' && seat.since !== null
    ? t.live.offSince(moment(seat.since, now))
    : '';
}

/** How a seat answers, in a line; empty while it does not. */
export function answerNote(seat: SeatView): string {
  if (seat.firewalled) return t.live.firewall;
  return seat.state === 'up' ? t.live.answersPing(latency(seat.rtt_ms)) : '';
}

/** `3 of 60 lost`, `none of 60 lost`. */
export const lossNote = (view: TargetView): string =>
  view.sent === 0 ? t.live.noProbes : t.live.loss(view.lost, view.sent);

/** What became of an incident, for the list. */
export function incidentNote(incident: Incident, held: boolean, now: number): string {
  const parts: string[] = [];
  if (incident.end === null) {
    parts.push(t.live.runningFor(duration(now - Date.parse(incident.start))));
    if (held) parts.push(t.live.heldNote);
  } else {
    parts.push(duration(incident.duration_ms ?? 0));
    if (incident.end_reason === 'no_longer_watched') parts.push(t.live.noLongerWatched);
    if (incident.end_reason === 'merged') parts.push(t.live.merged);
  }
  if (incident.kind === 'unstable') parts.push(t.live.outages(incident.outages));
  if (incident.gaps.length > 0) parts.push(t.live.notObserved);
  return parts.join(', ');
}
