import { describe, expect, it } from 'vitest';
import { enter, submit, type Answer, type Doors } from '../src/lib/entrance';

const WORDS = { password: 'p', admin: 'a', privacy: 'b', code: 'typed', recovery: 'r' };

function doors(hash: string, session: Answer['body'], answer?: Answer) {
  const asked: [string, unknown][] = [];
  let cleared = false;
  const door: Doors = {
    hash: () => hash,
    clear: () => (cleared = true),
    ask: (path, body) => {
      asked.push([path, body]);
      const told = path === '/api/v1/session' ? { status: 200, body: session } : answer;
      return told === undefined ? Promise.reject(new Error('gone')) : Promise.resolve(told);
    },
  };
  return { door, asked, cleared: () => cleared };
}

describe('the entrance', () => {
  it('redeems the code of the link and takes it out of the address', async () => {
    const ready = { installation: 'ready', role: 'viewer' };
    const { door, asked, cleared } = doors('#code=abc-_', ready, { status: 200, body: {} });
    expect(await enter(door)).toBe('nothing');
    expect(asked[0]).toEqual(['/api/v1/login', { code: 'abc-_' }]);
    expect(cleared()).toBe(true);
  });

  it('says what is needed, and leaves other addresses alone', async () => {
    const at = (session: Answer['body']) => doors('#/seats', session);
    expect(await enter(at({ installation: 'ready', role: 'anyone' }).door)).toBe('login');
    expect(await enter(at({ installation: 'demo', role: 'admin' }).door)).toBe('nothing');
    const shut = at({ installation: 'vault_shut', role: 'anyone' });
    expect(await enter(shut.door)).toBe('recover');
    expect(shut.cleared()).toBe(false);
  });

  it('shows the page, which says it itself, when nobody answers', async () => {
    const { door } = doors('#code=x', {});
    expect(await enter(door)).toBe('nothing');
  });

  it('sets up with the code of the link, and hands the recovery code over', async () => {
    const made = { status: 200, body: { recovery_code: 'ABCD' } };
    const { door, asked } = doors('#setup=secret', { installation: 'setup_needed' }, made);
    expect(await enter(door)).toBe('setup');
    expect(await submit('setup', WORDS, door)).toEqual({ done: true, recovery: 'ABCD' });
    expect(asked.at(-1)).toEqual(['/api/v1/setup', { code: 'secret', admin: 'a', privacy: 'b' }]);
  });

  it('tells what is wrong in the words of the program', async () => {
    const wrong = { status: 401, body: { message: 'Wrong password or code' } };
    const { door } = doors('', {}, wrong);
    expect(await submit('login', WORDS, door)).toEqual({
      done: false,
      why: 'Wrong password or code',
      unreachable: false,
    });
    const gone = doors('', {});
    expect(await submit('login', WORDS, gone.door)).toMatchObject({ done: false });
  });
});
