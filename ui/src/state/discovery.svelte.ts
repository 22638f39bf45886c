/** A search for router and PCs: started here, carried out by the engine, looked at until done. */
import { cancelDiscovery, fetchDiscovery, startDiscovery } from '../lib/api/client';
import type { ApiError } from '../lib/api/http';
import type { Discovery } from '../lib/api/types';
import { asApiError } from './settings.svelte';

/** Between two looks. */
const LOOK_MS = 500;

class Search {
  found = $state.raw<Discovery | null>(null);
  trouble = $state.raw<ApiError | null>(null);
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** What the engine has: a search that another browser started, or the last one. */
  load = (): Promise<void> => this.#take(fetchDiscovery());
  start = (network: string): Promise<void> => this.#take(startDiscovery(network));
  cancel = (): Promise<void> => this.#take(cancelDiscovery());

  async #take(asked: Promise<Discovery>): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      this.found = await asked;
      this.trouble = null;
      if (this.found.state === 'running') {
        this.#timer = setTimeout(() => void this.load(), LOOK_MS);
      }
    } catch (error) {
      this.trouble = asApiError(error);
    }
  }
}

export const search = new Search();
