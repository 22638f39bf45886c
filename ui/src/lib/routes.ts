/** The pages and their addresses: `#/seats`, and after a question mark what is shown of it. */

export const ROUTES = ['live', 'seats', 'log', 'notices', 'settings', 'access', 'about'] as const;

export type Route = (typeof ROUTES)[number];

export interface Place {
  route: Route;
  /** What follows the page: `#/settings/discord` → `discord`. */
  rest: string;
}

/** Reads the part of an address after the `#`; what is unknown leads to the first page. */
export function parsePlace(hash: string): Place {
  const [name = '', ...rest] = hash.replace(/^#?\/?/, '').split('/');
  const route = ROUTES.find((r) => r === name);
  return route === undefined ? { route: 'live', rest: '' } : { route, rest: rest.join('/') };
}

export function hrefOf(route: Route, rest = ''): string {
  if (route === 'live' && rest === '') return '#/';
  return rest === '' ? `#/${route}` : `#/${route}/${rest}`;
}
