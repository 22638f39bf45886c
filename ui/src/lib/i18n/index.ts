/**
 * The words of the page. Every sentence stands in a catalogue; English is the pattern that
 * the others have to fill. The language is settled once, before anything is drawn: a switch
 * of the language loads the page anew, so that nothing on it has to watch for one.
 *
 * To add a language: copy `es.ts` and `es/`, translate, and name it in `LANGUAGES`.
 */
import { en, type Words } from './en';

export type { Words };

/** What the page speaks, by the code that a browser asks for. */
export const LANGUAGES = {
  en: { name: 'English', load: () => Promise.resolve(en) },
  es: { name: 'Español', load: () => import('./es').then((m) => m.es as Words) },
} as const;

export type Language = keyof typeof LANGUAGES;

/** The catalogue in use. */
export let t: Words = en;
/** The tag for dates and numbers: the reader's own country where it fits the language. */
export let locale = 'en';
/** Which of ours it is. */
export let language: Language = 'en';

const isLanguage = (code: string): code is Language => code in LANGUAGES;

/** The first of the wanted tags that we speak; English where we speak none. */
export function choose(wanted: readonly string[]): { language: Language; tag: string } {
  for (const tag of wanted) {
    const code = tag.toLowerCase().split('-')[0] ?? '';
    if (isLanguage(code)) return { language: code, tag };
  }
  return { language: 'en', tag: 'en' };
}

/** Speaks a language from now on. */
export async function speak(wanted: readonly string[]): Promise<void> {
  const chosen = choose(wanted);
  const words = await LANGUAGES[chosen.language].load();
  t = words;
  language = chosen.language;
  locale = chosen.tag;
}
