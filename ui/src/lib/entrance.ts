/**
 * How a browser gets in. The program prints a link whose code stands after `#`, so that it
 * is never sent in an address: `#code=` makes this browser a viewer, `#setup=` is for the
 * first set-up. The code is taken out of the address before anything else is done.
 */

export type Need = 'nothing' | 'login' | 'setup' | 'recover';

export interface Doors {
  hash: () => string;
  /** Takes the code out of the address. */
  clear: () => void;
  ask: (path: string, body?: unknown) => Promise<Answer>;
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

export async function ask(path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const DOORS: Doors = {
  hash: () => location.hash,
  clear: () => history.replaceState(null, '', location.pathname + location.search),
  ask,
};

/** The set-up's code, if the address had one. */
let code = '';

/** Uses what the address brings, and says what is still needed. */
export async function enter(doors: Doors = DOORS): Promise<Need> {
  const [name, value] = doors.hash().replace(/^#/, '').split('=', 2);
  const brought = name === 'code' || name === 'setup';
  if (brought) doors.clear();
  if (name === 'setup') code = value ?? '';
  try {
    if (name === 'code') await doors.ask('/api/v1/login', { code: value ?? '' });
    const { body } = await doors.ask('/api/v1/session');
    if (body.installation === 'setup_needed') return 'setup';
    if (body.installation === 'vault_shut') return 'recover';
    return body.role === 'anyone' ? 'login' : 'nothing';
  } catch {
    // Not reachable: the page itself says so and tries again.
    return 'nothing';
  }
}

type Words = Record<'password' | 'admin' | 'privacy' | 'code' | 'recovery', string>;

/** Sends a form of the entrance. The recovery code of a set-up, or what is wrong. */
export async function submit(
  need: Need,
  words: Words,
  doors: Doors = DOORS,
): Promise<{ done: true; recovery: string } | { done: false; why: string; unreachable: boolean }> {
  const { admin, privacy } = words;
  const form: Record<Need, [string, unknown]> = {
    nothing: ['/api/v1/session', undefined],
    login: ['/api/v1/login', { password: words.password }],
    setup: ['/api/v1/setup', { code: code === '' ? words.code : code, admin, privacy }],
    recover: ['/api/v1/recover', { recovery_code: words.recovery, admin, privacy }],
  };
  try {
    const { status, body } = await doors.ask(...form[need]);
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    if (status === 200) return { done: true, recovery: text(body.recovery_code) };
    return { done: false, why: text(body.message), unreachable: false };
  } catch {
    return { done: false, why: '', unreachable: true };
  }
}
