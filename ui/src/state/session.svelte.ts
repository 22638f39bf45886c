/**
 * Who reads this page. Any answer "a password is needed" opens the login once; whoever sends
 * it away is not asked again until something they do themselves needs it. After a login
 * `turn` grows, and whatever was refused before loads again.
 */
import { fetchSession, login, logout } from '../lib/api/client';
import { ApiError, onLocked } from '../lib/api/http';
import type { SessionInfo } from '../lib/api/types';

class Session {
  /** None while unknown, or where the program has no access control yet. */
  info = $state.raw<SessionInfo | null>(null);
  asking = $state(false);
  turn = $state(0);
  #dismissed = false;

  constructor() {
    onLocked(() => {
      if (!this.#dismissed) this.asking = true;
    });
  }

  async load(): Promise<void> {
    try {
      this.info = await fetchSession();
    } catch {
      this.info = null;
    }
  }

  /** Opens the login because the reader wants to. */
  ask(): void {
    this.#dismissed = false;
    this.asking = true;
  }

  dismiss(): void {
    this.#dismissed = true;
    this.asking = false;
  }

  async login(password: string): Promise<'in' | 'wrong' | 'wait' | ApiError> {
    try {
      await login(password);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 429) return 'wait';
      return error.status === 401 || error.status === 403 ? 'wrong' : error;
    }
    this.asking = false;
    this.#dismissed = false;
    this.turn += 1;
    await this.load();
    return 'in';
  }

  async logout(): Promise<void> {
    await logout();
    this.#dismissed = true;
    this.turn += 1;
    await this.load();
  }
}

export const session = new Session();
