/** Something asked of the engine: the newest answer, or why there is none. */
import type { ApiError } from '../lib/api/http';
import { asApiError } from './settings.svelte';

export class Loaded<T> {
  value = $state.raw<T | null>(null);
  trouble = $state.raw<ApiError | null>(null);
  #turn = 0;

  /** Asks; an answer that was overtaken by a later question is dropped. */
  async ask(question: () => Promise<T>): Promise<void> {
    const turn = ++this.#turn;
    try {
      const value = await question();
      if (turn !== this.#turn) return;
      this.value = value;
      this.trouble = null;
    } catch (error) {
      if (turn === this.#turn) this.trouble = asApiError(error);
    }
  }

  /** Drops what was asked and what is known. */
  clear(): void {
    this.#turn += 1;
    this.value = null;
    this.trouble = null;
  }
}
