/**
 * What the engine decided, in plain words. The engine sends codes and parameters; every
 * sentence on the page is made here, café words first and the technical word in the detail.
 */
import type {
  Cause,
  Headline,
  Incident,
  LinkState,
  SeatView,
  TargetName,
  TargetView,
} from './api/types';
import { duration, latency, moment, roughDuration } from './format';

export type Tone = 'well' | 'wait' | 'warn' | 'bad';

export interface Sentence {
  /** What is going on. */
  title: string;
  /** What it means, and since when. */
  detail: string;
  tone: Tone;
}

export const TARGET_NAMES: Record<TargetName, string> = {
  router: 'Router',
  internet: 'Internet',
  server: 'Server',
};

export const STATE_WORDS: Record<LinkState, string> = {
  up: 'Up',
  suspect: 'Checking',
  down: 'Down',
  unknown: 'Unknown',
};

export const CAUSE_WORDS: Record<Cause, string> = {
  ROUTER_DOWN: 'Router down',
  SERVER_DOWN: 'Server down',
  ISP_DOWN: 'Provider down',
  LAN_DOWN: 'Local network down',
};

const THE: Record<TargetName, string> = {
  router: 'the router',
  internet: 'the internet',
  server: 'the server',
};

const UNSTABLE: Record<Cause, string> = {
  ROUTER_DOWN: 'The router is unstable.',
  SERVER_DOWN: 'The server is unstable.',
  ISP_DOWN: 'The internet is unstable.',
  LAN_DOWN: 'The local network is unstable.',
};

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const isTarget = (value: unknown): value is TargetName =>
  value === 'router' || value === 'internet' || value === 'server';
const isCause = (value: unknown): value is Cause => typeof value === 'string' && value in UNSTABLE;

function since(headline: Headline, now: number): string {
  if (headline.since === null) return '';
  const age = now - Date.parse(headline.since);
  return ` Since ${moment(headline.since, now)} (${roughDuration(age)}).`;
}

function seatsInUse(params: Record<string, unknown>): string {
  const total = number(params['seats_total']);
  return total === 0 ? '' : ` ${number(params['seats_online'])} of ${total} PCs are on.`;
}

function cannotProbe(reason: string): string {
  switch (reason) {
    case 'no_permission':
      return 'The system does not let CafeSentinel send pings. Start it as an administrator, or allow ping sockets for its group; until then nothing is known.';
    case 'no_route':
      return 'This PC knows no way to this address. Check the cable and the network settings of this PC; until then nothing is known of it.';
    default:
      return 'The system gave CafeSentinel no socket for pings. Until then nothing is known.';
  }
}

function warning(target: TargetName, code: string): { title: string; detail: string } {
  switch (code) {
    case 'no_ping_reply':
      return {
        title: 'The internet works; the router does not answer ping.',
        detail: 'Customers notice nothing. The router probably has ping switched off.',
      };
    case 'primary_silent':
      return {
        title: 'The internet works; its first test address is silent.',
        detail: 'Customers notice nothing. The second address answers.',
      };
    case 'unresolved':
      return {
        title: `The name of ${THE[target]} cannot be resolved.`,
        detail: 'It cannot be watched until the name leads to an address.',
      };
    default:
      return {
        title: `${capital(THE[target])} has never answered.`,
        detail: 'Its address in the settings is probably wrong. This is not counted as an outage.',
      };
  }
}

/** The sentence at the top of the page. */
export function headlineSentence(headline: Headline, now: number): Sentence {
  const { code, params } = headline;
  const when = since(headline, now);
  const shaky =
    params['unstable'] === true
      ? ` It has failed ${number(params['outages'])} times in this stretch.`
      : '';
  const bad = (title: string, detail: string): Sentence => ({
    title,
    detail: `${detail}${shaky}${when}`,
    tone: 'bad',
  });
  switch (code) {
    case 'all_well':
      return {
        title: `All is well.${seatsInUse(params)}`,
        detail: `Everything that is watched answers.${when}`,
        tone: 'well',
      };
    case 'starting':
      return {
        title: 'Taking a first look.',
        detail: 'There is no verdict yet; it takes a few seconds.',
        tone: 'wait',
      };
    case 'router_down':
      return bad(
        'The router is down.',
        params['uncertain'] === true
          ? 'No customer is online. It may also be the cable of this PC or the switch: no other device is there to tell.'
          : 'No customer is online. Check its power and its cables first.',
      );
    case 'lan_down':
      return bad(
        'The local network is down.',
        'Nothing answers any more: the cable of this PC, its network card, or the switch.',
      );
    case 'isp_down':
      return bad(
        'The provider is down.',
        'No customer is online. Router and local network are fine.',
      );
    case 'server_down':
      return bad(
        'The server is down.',
        params['uncertain'] === true
          ? 'PCs that need it will not work. It may also be a cable or the switch.'
          : 'PCs that need it will not work. Router and internet are judged on their own.',
      );
    case 'unstable':
      return {
        title: isCause(params['cause']) ? UNSTABLE[params['cause']] : 'The connection is unstable.',
        detail: `It works right now, but failed ${number(params['outages'])} times.${when}`,
        tone: 'warn',
      };
    case 'cannot_probe': {
      const target = params['target'];
      return {
        title: isTarget(target) ? `${capital(THE[target])} cannot be watched.` : 'Cannot look.',
        detail: cannotProbe(text(params['reason'])),
        tone: 'bad',
      };
    }
    case 'never_seen':
      return {
        title: 'Nothing has answered so far.',
        detail:
          'The addresses in the settings are probably wrong. This is not counted as an outage.',
        tone: 'warn',
      };
    case 'warning': {
      const target = params['target'];
      const words = warning(isTarget(target) ? target : 'router', text(params['warning']));
      return { ...words, tone: 'warn' };
    }
  }
}

/** The line beneath a card's number: why it is as it is. */
export function targetNote(view: TargetView, now: number): string {
  if (view.explained_by === 'router') return 'Behind the router, which is down';
  if (view.explained_by === 'lan') return 'The local network is down';
  switch (view.reason) {
    case 'starting':
      return 'First look';
    case 'never_seen':
      return 'Has never answered; check the address';
    case 'no_permission':
      return 'No right to send pings';
    case 'no_socket':
      return 'No socket for pings';
    case 'unresolved':
      return 'Its name cannot be resolved';
    case 'no_route':
      return 'No way to this address';
    case 'not_watched':
      return 'Not watched';
    case null:
      break;
  }
  if (view.warning === 'no_ping_reply') return 'Works, but does not answer ping';
  if (view.warning === 'primary_silent') return 'Works; the first address is silent';
  if (view.since === null) return '';
  return `Since ${moment(view.since, now)} (${roughDuration(now - Date.parse(view.since))})`;
}

/**
 * The state of a seat in a word. A PC that is off is no fault, so seats speak of on and off,
 * not of up and down.
 */
export function seatWord(seat: SeatView, frozen: boolean): string {
  if (frozen && seat.state !== 'up') return 'cannot be seen now';
  return { up: 'on', suspect: 'checking', down: 'off', unknown: 'not seen yet' }[seat.state];
}

/** Everything about a seat, line by line. */
export function seatNotes(seat: SeatView, frozen: boolean, now: number): string[] {
  const lines = [`${seat.name}: ${seatWord(seat, frozen)}`];
  const since = seat.stay_since;
  if (since !== null) {
    const age = roughDuration(now - Date.parse(since));
    const times = `since ${moment(since, now)} (${age})`;
    if (seat.stay === 'arriving') lines.push(`Seen ${times}, too short to be a session yet`);
    else if (seat.stay === 'leaving') lines.push(`In session ${times}, silent at the moment`);
    else lines.push(`In session ${times}`);
  } else if (seat.state === 'down' && seat.since !== null) {
    lines.push(`Since ${moment(seat.since, now)}`);
  }
  if (seat.firewalled) {
    lines.push('Answers ARP, not ping: its firewall blocks ping, and that is fine');
  } else if (seat.state === 'up') {
    lines.push(`Answers ping in ${latency(seat.rtt_ms)}`);
  }
  lines.push(seat.mac === null ? seat.address : `${seat.address}, ${seat.mac}`);
  return lines;
}

/** `3 of 60 lost`, `none of 60 lost`. */
export function lossNote(view: TargetView): string {
  if (view.sent === 0) return 'no probes yet';
  return `${view.lost === 0 ? 'none' : view.lost} of ${view.sent} lost`;
}

/** What became of an incident, for the list. */
export function incidentNote(incident: Incident, held: boolean, now: number): string {
  const parts: string[] = [];
  if (incident.end === null) {
    parts.push(`running for ${duration(now - Date.parse(incident.start))}`);
    if (held) parts.push('hidden behind another fault');
  } else {
    parts.push(duration(incident.duration_ms ?? 0));
    if (incident.end_reason === 'no_longer_watched') parts.push('no longer watched');
    if (incident.end_reason === 'merged') parts.push('counted into an unstable stretch');
  }
  if (incident.kind === 'unstable') parts.push(`${incident.outages} outages`);
  if (incident.gaps.length > 0) parts.push('not observed all the time');
  return parts.join(', ');
}
