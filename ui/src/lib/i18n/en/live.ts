/** What is going on: the sentence, the cards, the seats, the incidents. */
import type { Cause, LinkState, Reason, TargetName } from '../../api/types';

const THE: Record<TargetName, string> = {
  router: 'the router',
  internet: 'the internet',
  server: 'the server',
};
const START: Record<TargetName, string> = {
  router: 'The router',
  internet: 'The internet',
  server: 'The server',
};
const plural = (n: number, one: string, many: string) => (n === 1 ? one : many);

export const live = {
  connecting: 'Connecting.',
  waiting: 'Waiting for CafeSentinel.',
  targets: { router: 'Router', internet: 'Internet', server: 'Server' } as Record<
    TargetName,
    string
  >,
  states: { up: 'Up', suspect: 'Checking', down: 'Down', unknown: 'Unknown' } as Record<
    LinkState,
    string
  >,
  notWatched: 'Not watched',
  noAddress: 'No address is set for it',
  causes: {
    ROUTER_DOWN: 'Router down',
    SERVER_DOWN: 'Server down',
    ISP_DOWN: 'Provider down',
    LAN_DOWN: 'Local network down',
  } as Record<Cause, string>,

  // The sentence at the top.
  since: (time: string, age: string) => `Since ${time} (${age}).`,
  sinceShort: (time: string, age: string) => `Since ${time} (${age})`,
  allWell: 'All is well.',
  seatsOn: (on: number, total: number) => `${on} of ${total} PCs are on.`,
  allWellDetail: 'Everything that is watched answers.',
  starting: 'Taking a first look.',
  startingDetail: 'There is no verdict yet; it takes a few seconds.',
  failedTimes: (n: number) => `It has failed ${n} times in this stretch.`,
  routerDown: 'The router is down.',
  routerDownDetail: 'No customer is online. Check its power and its cables first.',
  routerDownUncertain:
    'No customer is online. It may also be the cable of this PC or the switch: no other device is there to tell.',
  lanDown: 'The local network is down.',
  lanDownDetail: 'Nothing answers any more: the cable of this PC, its network card, or the switch.',
  ispDown: 'The provider is down.',
  ispDownDetail: 'No customer is online. Router and local network are fine.',
  serverDown: 'The server is down.',
  serverDownDetail: 'PCs that need it will not work. Router and internet are judged on their own.',
  serverDownUncertain: 'PCs that need it will not work. It may also be a cable or the switch.',
  unstable: {
    ROUTER_DOWN: 'The router is unstable.',
    SERVER_DOWN: 'The server is unstable.',
    ISP_DOWN: 'The internet is unstable.',
    LAN_DOWN: 'The local network is unstable.',
  } as Record<Cause, string>,
  unstableAny: 'The connection is unstable.',
  unstableDetail: (n: number) => `It works right now, but failed ${n} times.`,
  cannotProbe: (target: TargetName) => `${START[target]} cannot be watched.`,
  cannotProbeAny: 'Cannot look.',
  noPermission:
    'The system does not let CafeSentinel send pings. Start it as an administrator, or allow ping sockets for its group; until then nothing is known.',
  noRoute:
    'This PC knows no way to this address. Check the cable and the network settings of this PC; until then nothing is known of it.',
  noSocket: 'The system gave CafeSentinel no socket for pings. Until then nothing is known.',
  neverSeen: 'Nothing has answered so far.',
  neverSeenDetail:
    'The addresses in the settings are probably wrong. This is not counted as an outage.',
  noPingReply: 'The internet works; the router does not answer ping.',
  noPingReplyDetail: 'Customers notice nothing. The router probably has ping switched off.',
  primarySilent: 'The internet works; its first test address is silent.',
  primarySilentDetail: 'Customers notice nothing. The second address answers.',
  unresolved: (target: TargetName) => `The name of ${THE[target]} cannot be resolved.`,
  unresolvedDetail: 'It cannot be watched until the name leads to an address.',
  neverAnswered: (target: TargetName) => `${START[target]} has never answered.`,
  neverAnsweredDetail:
    'Its address in the settings is probably wrong. This is not counted as an outage.',

  // A card.
  behindRouter: 'Behind the router, which is down',
  behindLan: 'The local network is down',
  reasons: {
    starting: 'First look',
    never_seen: 'Has never answered; check the address',
    no_permission: 'No right to send pings',
    no_socket: 'No socket for pings',
    unresolved: 'Its name cannot be resolved',
    no_route: 'No way to this address',
    not_watched: 'Not watched',
  } as Record<Reason, string>,
  noPingNote: 'Works, but does not answer ping',
  primaryNote: 'Works; the first address is silent',
  noProbes: 'no probes yet',
  loss: (lost: number, sent: number) => `${lost === 0 ? 'none' : lost} of ${sent} lost`,
  lossTitle: 'Of the last minute of probes',
  hourLabel: (name: string, loss: string) => `${name}, the last hour; of the latest probes ${loss}`,

  // The seats.
  seats: 'Seats',
  findSeat: 'Find a seat',
  findSeatHint: 'Name, address, MAC',
  noSeats: 'No seats are configured.',
  noSeatsHelp: 'Tell CafeSentinel which addresses your PCs have, and they appear here.',
  toSeatSettings: 'Set up the seats',
  noMatch: (text: string) => `No seat matches “${text}”.`,
  noneOfKind: 'No seat is like that at the moment.',
  filter: { label: 'Which seats', all: 'All', session: 'In session', on: 'On', off: 'Off' },
  view: { label: 'View', tiles: 'Tiles', list: 'List' },
  density: { label: 'Size of the tiles', roomy: 'Large tiles', compact: 'Small tiles' },
  frozen:
    'Router or local network are down, so nothing is concluded about the seats. Sessions go on.',
  peak: (n: number, time: string) => `Peak ${n} at ${time}`,
  peakHint: 'The most PCs that were on at once today',
  seatStates: { up: 'on', suspect: 'checking', down: 'off', unknown: 'not seen yet' } as Record<
    LinkState,
    string
  >,
  cannotBeSeen: 'cannot be seen now',
  stays: {
    here: 'in session',
    leaving: 'in session, silent at the moment',
    arriving: 'too short to be a session yet',
  },
  inSession: (time: string, age: string) => `In session since ${time} (${age})`,
  arriving: (time: string, age: string) =>
    `Seen since ${time} (${age}), too short to be a session yet`,
  leaving: (time: string, age: string) => `In session since ${time} (${age}), silent at the moment`,
  offSince: (time: string) => `Off since ${time}`,
  firewall: 'Answers ARP, not ping: its firewall blocks ping, and that is fine',
  firewallShort: 'firewall',
  answersPing: (latency: string) => `Answers ping in ${latency}`,
  today: 'Today',
  todayNone: 'No sessions today so far.',
  untilNow: 'now',
  columns: {
    seat: 'Seat',
    state: 'State',
    session: 'Session',
    answers: 'Answers',
    address: 'Address',
    mac: 'MAC',
  },
  ping: 'ping',
  arp: 'ARP',

  // The incidents.
  incidents: 'Latest incidents',
  notRead: 'Not read yet.',
  noIncidents:
    'None so far. An outage of router, provider, server or local network is listed here with its length.',
  runningFor: (age: string) => `running for ${age}`,
  heldNote: 'hidden behind another fault',
  noLongerWatched: 'no longer watched',
  merged: 'counted into an unstable stretch',
  outages: (n: number) => `${n} ${plural(n, 'outage', 'outages')}`,
  notObserved: 'not observed all the time',

  // The foot.
  heartbeat: (n: string) => `${n} rounds completed`,
  heartbeatHint: 'Beats once for each round of questions that is really completed',
  asOf: (time: string) => `Last scan ${time}`,
  every: (time: string) => `every ${time}`,
  watchingFor: (age: string) => `watching for ${age}`,
  version: (v: string) => `version ${v}`,
};
