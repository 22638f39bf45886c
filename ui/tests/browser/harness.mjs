/**
 * A real program and a real browser. The program is either the demo or watches loopback
 * addresses only, so that no test ever asks another machine; each has a port and a data folder
 * of its own. The browser is Debian's Chromium.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const PROGRAM = process.env.CAFESENTINEL_HEADLESS ?? '';
const PAGE = resolve(process.env.CAFESENTINEL_UI ?? 'dist');
const BROWSERS = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
/** The admin's. */
export const PASSWORD = "the owner's word";
/** Where pictures go, for whoever wants to look at them. */
export const PICTURES = process.env.CAFESENTINEL_PICTURES ?? '';
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
    ' ',
  );

if (!existsSync(PROGRAM)) {
  throw new Error('CAFESENTINEL_HEADLESS must name the built program (npm test does all this)');
}
if (!existsSync(join(PAGE, 'index.html'))) throw new Error(`the page is not built in ${PAGE}`);

/** A configuration that watches this computer alone. */
export function loopback(over = {}) {
  const base = {
    targets: { router: '127.0.0.1', server: '127.0.0.200', internet: '127.0.0.8' },
    verification_settings: { secondary_target: '127.0.0.9' },
    monitor_settings: { interval_seconds: 1, pc_subnet: '127.0.1', pc_start_range: 1, pc_count: 6 },
    discord_settings: { shop_name: 'Café Loopback' },
    screenshot_settings: { enabled: false },
  };
  for (const [section, keys] of Object.entries(over)) {
    base[section] = { ...base[section], ...keys };
  }
  return base;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A running program, started with a configuration or as the demo. */
export class Program {
  #child = null;
  #folder = null;
  #output = '';
  #token = '';

  constructor(config, port) {
    this.config = config;
    this.port = port;
    this.url = `http://127.0.0.1:${port}/`;
  }

  static async start(config = 'demo') {
    const program = new Program(config, await freePort());
    await program.again();
    return program;
  }

  get folder() {
    return this.#folder;
  }

  /** Starts it, or starts it again with the same port and data. */
  async again() {
    const args = ['--port', String(this.port), '--ui', PAGE];
    if (this.config === 'demo') {
      args.unshift('--demo');
    } else {
      if (this.#folder === null) {
        this.#folder = mkdtempSync(join(tmpdir(), 'cafesentinel-page-'));
        writeFileSync(join(this.#folder, 'config.json'), JSON.stringify(this.config));
        this.#setUp();
      }
      args.unshift('run', '--data-dir', this.#folder);
    }
    this.#child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (data) => (this.#output += data));
    }
    const ended = once(this.#child, 'exit');
    await until('the program answers', async () => {
      if (this.#child.exitCode !== null) throw new Error(`the program ended:\n${this.#output}`);
      return (await fetch(`${this.url}api/status`).catch(() => null))?.ok;
    });
    this.ended = ended;
  }

  /** The passwords of an installation, and a token for the tests' own questions. */
  #setUp() {
    const passwords = join(this.#folder, 'passwords');
    writeFileSync(passwords, `admin=${PASSWORD}\nprivacy=the staff's word\n`);
    const keys = (...args) =>
      execFileSync(PROGRAM, [...args, '--data-dir', this.#folder, '--passwords-from', passwords], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim();
    keys('setup');
    this.#token = keys('token', 'create', 'tests', '--scope', 'admin');
    rmSync(passwords);
  }

  /** Ends it at once, as a power cut would. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async stop() {
    this.#child.kill('SIGTERM');
    await this.ended;
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }

  async ask(path, body) {
    const response = await fetch(new URL(path, this.url), {
      headers: this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    return response.json();
  }
}

/** Waits until `what` is so, with a limit. */
export async function until(what, test, limitMs = 20_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const result = await test();
    if (result) return result;
    if (Date.now() > end) throw new Error(`not so within ${limitMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export async function openBrowser() {
  const executablePath = BROWSERS.find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined) {
    throw new Error('no Chromium: install it (Debian: chromium), or name it in CHROMIUM');
  }
  return chromium.launch({ executablePath, args: FLAGS });
}

/**
 * A page whose errors are gathered: exceptions, and what the browser writes to its console,
 * refusals of the content policy among it.
 */
export async function openPage(browser, program, options = {}) {
  const { width = 1366, height = 768, scheme = 'dark', locale = 'en-GB', hash = '' } = options;
  const phone = width < 768;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    locale,
    hasTouch: phone,
    isMobile: phone,
    ...(options.reduced === true ? { reducedMotion: 'reduce' } : {}),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(error.message));
  page.on('console', (message) => {
    // A version without an endpoint, a password that is asked for, and a connection that is cut
    // on purpose are no faults.
    const expected = /status of (401|404|503)|net::ERR_|ERR_INCOMPLETE/.test(message.text());
    if (message.type() === 'error' && !expected) page.errors.push(message.text());
  });
  if (program.config !== 'demo') {
    // The cookie of a login, which the page then finds.
    const data = { password: PASSWORD };
    const answer = await context.request.post(`${program.url}api/v1/login`, { data });
    if (!answer.ok()) throw new Error(`the login is refused: ${await answer.text()}`);
  }
  await page.goto(program.url + hash);
  return page;
}

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on a page, in short. */
export async function violations(page) {
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return found.map(
    (v) =>
      `${v.id}: ${v.help} (${v.nodes
        .slice(0, 3)
        .map((n) => n.target.join(' '))
        .join('; ')})`,
  );
}

/** Keeps a picture, where somebody wants them. */
export async function picture(page, name) {
  if (PICTURES === '') return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}
