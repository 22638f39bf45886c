/**
 * The editor of the configuration: what is in force, a draft on top of it, and what the
 * engine would say of the draft. The draft outlives the page it is edited on. When the
 * settings are changed elsewhere meanwhile, the own changes are laid on top of the new ones.
 */
import {
  checkConfig,
  fetchBackups,
  fetchConfig,
  restoreBackup,
  saveConfig,
} from '../lib/api/client';
import { ApiError } from '../lib/api/http';
import type { Config, ConfigAnswer, ConfigFault } from '../lib/api/types';
import { diff, get, rebase, same, set } from '../lib/config/document';

/** How long after a key stroke the engine is asked. */
export const CHECK_AFTER_MS = 250;

export interface Doors {
  fetch: () => Promise<ConfigAnswer>;
  check: (config: Config) => Promise<{ errors: ConfigFault[] }>;
  save: (config: Config, revision: string) => Promise<ConfigAnswer>;
  restore: (backup: string) => Promise<ConfigAnswer>;
  backups: () => Promise<string[]>;
}

const DOORS: Doors = {
  fetch: fetchConfig,
  check: checkConfig,
  save: saveConfig,
  restore: restoreBackup,
  backups: fetchBackups,
};

export class Settings {
  /** What is in force; none until it was read. */
  inForce = $state.raw<ConfigAnswer | null>(null);
  draft = $state.raw<Config>({});
  /** What is wrong with the draft. */
  faults = $state.raw<ConfigFault[]>([]);
  /** The draft was not checked yet in its present state. */
  checking = $state(false);
  /** They were changed elsewhere while there was a draft. */
  elsewhere = $state(false);
  trouble = $state.raw<ApiError | null>(null);
  backups = $state.raw<string[] | null>(null);
  /** What the last change can be taken back with. */
  undo = $state.raw<{ backup: string; said: 'saved' | 'restored' } | null>(null);
  /** Text that is no JSON yet, in the raw view; none while it is. */
  broken = $state(false);

  readonly changes = $derived(this.inForce === null ? [] : diff(this.inForce.config, this.draft));

  #doors: Doors;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #turn = 0;

  constructor(doors: Doors = DOORS) {
    this.#doors = doors;
  }

  get dirty(): boolean {
    return this.changes.length > 0 || this.broken;
  }

  value(path: string): unknown {
    return get(this.draft, path);
  }

  isChanged(path: string): boolean {
    return this.inForce !== null && !same(get(this.inForce.config, path), this.value(path));
  }

  /** Reads what is in force; own changes stay on top. */
  async load(): Promise<void> {
    try {
      this.#adopt(await this.#doors.fetch());
      this.trouble = null;
    } catch (error) {
      this.trouble = asApiError(error);
    }
  }

  change(path: string, value: unknown): void {
    this.replace(set(this.draft, path, value));
  }

  replace(draft: Config): void {
    this.draft = draft;
    this.undo = null;
    this.#checkSoon();
  }

  /** Back to what is in force, in one value or in all. */
  revert(path?: string): void {
    if (this.inForce === null) return;
    const { config } = this.inForce;
    this.draft = path === undefined ? config : set(this.draft, path, get(config, path));
    if (path === undefined) {
      this.elsewhere = false;
      this.broken = false;
    }
    this.#checkSoon();
  }

  /** Saves the draft; true if it is in force now. */
  async save(): Promise<boolean> {
    if (this.inForce === null) return false;
    try {
      const answer = await this.#doors.save(this.draft, this.inForce.revision);
      await this.#done(answer, 'saved');
      return true;
    } catch (error) {
      const trouble = asApiError(error);
      if (trouble.status === 412) {
        // Somebody was faster: their settings below, ours on top, and the reader looks again.
        await this.load();
        this.elsewhere = true;
      } else if (trouble.faults.length > 0) {
        this.faults = trouble.faults;
      } else {
        this.trouble = trouble;
      }
      return false;
    }
  }

  async restore(backup: string): Promise<boolean> {
    try {
      await this.#done(await this.#doors.restore(backup), 'restored');
      return true;
    } catch (error) {
      this.trouble = asApiError(error);
      return false;
    }
  }

  /** Takes the last change back, which is itself a change. */
  async takeBack(): Promise<boolean> {
    return this.undo !== null && (await this.restore(this.undo.backup));
  }

  async loadBackups(): Promise<void> {
    try {
      this.backups = await this.#doors.backups();
    } catch (error) {
      this.trouble = asApiError(error);
    }
  }

  async #done(answer: ConfigAnswer, said: 'saved' | 'restored'): Promise<void> {
    this.inForce = answer;
    this.draft = answer.config;
    this.faults = [];
    this.trouble = null;
    this.elsewhere = false;
    this.broken = false;
    await this.loadBackups();
    const before = this.backups?.[0];
    this.undo = before === undefined ? null : { backup: before, said };
  }

  #adopt(answer: ConfigAnswer): void {
    const old = this.inForce;
    if (old !== null && old.revision === answer.revision) {
      this.inForce = answer;
      return;
    }
    if (old === null || this.changes.length === 0) {
      this.draft = answer.config;
    } else {
      this.draft = rebase(old.config, this.draft, answer.config);
      this.elsewhere = true;
    }
    this.inForce = answer;
    if (this.changes.length > 0) this.#checkSoon();
    else this.faults = [];
  }

  #checkSoon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.checking = true;
    this.#timer = setTimeout(() => void this.#check(), CHECK_AFTER_MS);
  }

  async #check(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const { errors } = await this.#doors.check(this.draft);
      // A verdict on an older draft is no verdict.
      if (turn !== this.#turn) return;
      this.faults = errors;
      this.checking = false;
    } catch (error) {
      if (turn === this.#turn) {
        this.trouble = asApiError(error);
        this.checking = false;
      }
    }
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(-1, 'page', error instanceof Error ? error.message : String(error));
}

/** The one draft of this page. */
export const settings = new Settings();
