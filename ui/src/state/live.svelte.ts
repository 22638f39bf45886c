/**
 * The live site, in the order of its life: fetch the view once so that something is shown,
 * hold an event stream open, take every `site` event as the whole truth, and fetch the
 * incidents anew whenever the store tells of a change. When the stream breaks or falls
 * silent the last view stays, marked as old, and everything starts over by itself.
 *
 * Beside it the last hour of the links and today's peak are kept: asked for when a stream
 * opens and once in a while afterwards, for they change slowly.
 */
import { fetchIncidents, fetchOccupancy, fetchSite, fetchStatistics } from '../lib/api/client';
import type { Incident, LinkStatRow, Occupancy, SiteView, TargetName } from '../lib/api/types';
import { iso, midnight } from '../lib/format';

export type Connection = 'connecting' | 'live' | 'lost';

/** What is needed of an `EventSource`, so that a test can stand in for it. */
export interface Stream {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  onopen: ((event: Event) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
  close(): void;
}

export interface Doors {
  site: () => Promise<SiteView>;
  incidents: (limit: number) => Promise<Incident[]>;
  hour: (target: TargetName, from: string, to: string) => Promise<LinkStatRow[]>;
  peak: (from: string, to: string) => Promise<Occupancy['peak']>;
  stream: () => Stream;
}

const DOORS: Doors = {
  site: fetchSite,
  incidents: fetchIncidents,
  hour: async (target, from, to) => (await fetchStatistics(target, from, to)).rows,
  peak: async (from, to) => (await fetchOccupancy(from, to)).peak,
  stream: () => new EventSource('/api/v1/events') as Stream,
};

/** How many incidents the page lists. */
export const LISTED = 20;
/** Between two attempts to come back. */
export const RETRY_MS = 3000;
/** A stream that says nothing for this many beats (and at least `QUIET_MIN_MS`) is dead. */
const QUIET_BEATS = 5;
const QUIET_MIN_MS = 15_000;
/** The last hour is asked for once a minute, when the minute before has been stored … */
const MINUTE_MS = 60_000;
const STORED_AFTER_MS = 3000;
/** … but not more often than this by the reader's clock: a demo's minutes are seconds. */
const HOUR_SPARING_MS = 5000;
const HOUR_MS = 3_600_000;

/** Stored events that change the list of incidents. */
const RELOADING = ['incident', 'started', 'unobserved'];

export class LiveSite {
  site = $state.raw<SiteView | null>(null);
  /** None until they were fetched for the first time. */
  incidents = $state.raw<Incident[] | null>(null);
  /** The minutes of the last hour. */
  hours = $state.raw<Partial<Record<TargetName, LinkStatRow[]>>>({});
  /** The most seats online at once since midnight. */
  peak = $state.raw<{ at: number; online: number } | null>(null);
  /** Grows whenever another configuration came into force. */
  configured = $state(0);
  connection = $state<Connection>('connecting');
  /** The engine's time of the last word. */
  heardAt = $state<number | null>(null);
  /** The engine's time now, as well as this browser can tell: its own clock, corrected. */
  now = $state(Date.now());

  #doors: Doors;
  #stream: Stream | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #ticker: ReturnType<typeof setInterval> | null = null;
  #offset = 0;
  #asked = 0;
  #hourAsked = { minute: -1, here: -Infinity };

  constructor(doors: Doors = DOORS) {
    this.#doors = doors;
  }

  /** Starts; the returned function stops. */
  start(): () => void {
    this.#ticker = setInterval(() => this.#tick(), 1000);
    void this.#connect();
    return () => this.stop();
  }

  stop(): void {
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#ticker = null;
    this.#drop();
  }

  /** Starts over at once, after a login for instance. */
  again(): void {
    if (this.#ticker !== null) void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#drop();
    const stream = this.#doors.stream();
    this.#stream = stream;
    stream.onopen = () => void this.#loadIncidents();
    stream.onerror = () => this.#lose();
    stream.addEventListener('site', (event) => {
      const view = parse(event.data);
      if (view !== null) this.#take(view);
    });
    for (const type of RELOADING) {
      stream.addEventListener(type, () => void this.#loadIncidents());
    }
    stream.addEventListener('config_changed', () => (this.configured += 1));
    try {
      const view = await this.#doors.site();
      if (stream === this.#stream) this.#take(view);
    } catch {
      if (stream === this.#stream) this.#lose();
    }
  }

  #take(view: SiteView): void {
    // A restarted engine counts from zero again; within one life never go back.
    const old = this.site;
    const sameLife = old !== null && old.started_at === view.started_at;
    if (sameLife && view.cycle < old.cycle) return;
    // What another configuration may have changed while nobody listened.
    if (old !== null && !sameLife) this.configured += 1;
    this.site = view;
    this.connection = 'live';
    this.heardAt = this.now = Date.parse(view.at);
    this.#offset = this.now - Date.now();
    this.#notePeak(this.now, view.seats_online);
    this.#keepHour(!sameLife);
  }

  async #loadIncidents(): Promise<void> {
    const turn = ++this.#asked;
    try {
      const incidents = await this.#doors.incidents(LISTED);
      // An answer that was overtaken by a later question is old news.
      if (turn === this.#asked) this.incidents = incidents;
    } catch {
      // The stream tells when the engine is gone; the list is fetched again on its return.
    }
  }

  /** The highest of the day; a new day begins anew. */
  #notePeak(at: number, online: number): void {
    const old = this.peak;
    const today = old !== null && midnight(old.at) === midnight(at);
    if (today && (old.online > online || (old.online === online && old.at <= at))) return;
    this.peak = online === 0 ? (today ? old : null) : { at, online };
  }

  #keepHour(anew: boolean): void {
    const minute = Math.floor((this.now - STORED_AFTER_MS) / MINUTE_MS);
    const due =
      minute !== this.#hourAsked.minute && Date.now() - this.#hourAsked.here >= HOUR_SPARING_MS;
    if (!due && !anew) return;
    this.#hourAsked = { minute, here: Date.now() };
    void this.#loadHour();
  }

  async #loadHour(): Promise<void> {
    const now = this.now;
    const targets = this.site?.targets.filter((target) => target.reason !== 'not_watched') ?? [];
    await Promise.allSettled([
      ...targets.map(async ({ target }) => {
        const rows = await this.#doors.hour(target, iso(now - HOUR_MS), iso(now));
        this.hours = { ...this.hours, [target]: rows };
      }),
      // What was before this page was opened; the rest it sees itself.
      this.#doors.peak(iso(midnight(now)), iso(now)).then((peak) => {
        if (peak !== null) this.#notePeak(Date.parse(peak.at), peak.online);
      }),
    ]);
  }

  #tick(): void {
    this.now = Date.now() + this.#offset;
    if (this.connection !== 'live' || this.heardAt === null || this.site === null) return;
    const quiet = Math.max(QUIET_MIN_MS, this.site.interval_ms * QUIET_BEATS);
    if (this.now - this.heardAt > quiet) this.#lose();
  }

  #lose(): void {
    this.connection = 'lost';
    this.#drop();
    this.#retry = setTimeout(() => void this.#connect(), RETRY_MS);
  }

  #drop(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#stream?.close();
    this.#stream = null;
  }
}

function parse(data: string): SiteView | null {
  try {
    return JSON.parse(data) as SiteView;
  } catch {
    return null;
  }
}

/** The one that all pages look at. */
export const live = new LiveSite();
