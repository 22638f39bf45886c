/** Dark or light: as the system, unless the reader of this browser wants otherwise. */
import { remember, remembered } from '../lib/prefs';

export const THEMES = ['system', 'dark', 'light'] as const;
export type Theme = (typeof THEMES)[number];

class Look {
  theme = $state<Theme>(remembered('theme', 'system', THEMES));

  constructor() {
    this.#apply();
  }

  choose(theme: Theme): void {
    this.theme = theme;
    remember('theme', theme);
    this.#apply();
  }

  #apply(): void {
    const root = document.documentElement;
    if (this.theme === 'system') root.removeAttribute('data-theme');
    else root.setAttribute('data-theme', this.theme);
  }
}

export const look = new Look();
