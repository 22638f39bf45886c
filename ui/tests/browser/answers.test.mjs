/**
 * Pages whose states the demo cannot be brought into, with answers put into the engine's mouth:
 * a dead webhook, a finished search, a wrong password.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program, openBrowser, openPage, picture, until, violations } from './harness.mjs';

let browser;
let program;
before(async () => {
  browser = await openBrowser();
  program = await Program.start('demo');
});
after(async () => {
  await browser.close();
  await program.stop();
});

const AT = '2026-03-02T14:08:00Z';
const notice = (over) => ({
  id: 1,
  at: AT,
  channel: 'alerts',
  code: 'outage_begins',
  title: 'Internet Down',
  text: 'The provider is down.',
  state: 'waiting',
  attempts: 3,
  next_try: AT,
  last_error: 'timed out',
  delivered_at: null,
  ...over,
});
const channel = (over) => ({
  channel: 'alerts',
  state: 'ok',
  waiting: 0,
  error: null,
  blocked_until: null,
  ...over,
});

/** Answers `path` with what `of` gives for a request: `[status, body]`. */
async function say(page, path, of) {
  await page.route(`**${path}`, (route) => {
    const [status, body] = of(route.request());
    return route.fulfill({
      status,
      contentType: 'application/json',
      body: JSON.stringify(body),
    });
  });
}

const go = (page, hash) => page.evaluate((to) => (location.hash = to), hash);

async function done(page, name) {
  await picture(page, name);
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

for (const [width, scheme] of [
  [1366, 'dark'],
  [360, 'light'],
]) {
  describe(`at ${width} px`, () => {
    it('the notices tell what waits and why, and are tried again or dropped', async () => {
      const page = await openPage(browser, program, { width, scheme });
      const asked = [];
      let notices = [
        notice({ id: 3 }),
        notice({ id: 2, title: 'New Activity', state: 'delivered', delivered_at: AT }),
        notice({ id: 1, title: 'Routine Screenshot', state: 'refused' }),
      ];
      await say(page, '/api/v1/notices*', () => [
        200,
        {
          status: 'success',
          notices,
          channels: [
            channel({ state: 'waiting', waiting: 1, error: 'timed out' }),
            channel({ channel: 'occupancy' }),
            channel({ channel: 'screenshots', state: 'dead' }),
          ],
        },
      ]);
      await say(page, '/api/v1/notices/*/*', (request) => {
        asked.push(new URL(request.url()).pathname);
        notices = notices.filter((n) => !request.url().includes(`/${n.id}/drop`));
        return [200, { status: 'success' }];
      });
      await go(page, '#/notices');
      await page.getByText('webhook is gone').waitFor();
      await page.getByRole('button', { name: 'Try now' }).first().click();
      await until('it is asked', () => asked.includes('/api/v1/notices/3/retry'));
      await page.getByRole('button', { name: 'Drop' }).last().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Drop' }).click();
      await page.getByText('Routine Screenshot').waitFor({ state: 'detached' });
      assert.ok(asked.includes('/api/v1/notices/1/drop'));
      await done(page, `notices-full-${width}`);
    });

    it('a search shows how far it is, and its finds are taken over only when one says so', async () => {
      const page = await openPage(browser, program, { width, scheme });
      const hosts = [{ address: '192.168.1.1', mac: null, via: 'ping', rtt_ms: 0.4 }];
      const suggestion = {
        targets: { router: '192.168.1.254' },
        monitor_settings: { pc_subnet: '192.168.1', pc_start_range: 120, pc_count: 18 },
      };
      let state = 'idle';
      let looks = 0;
      await say(page, '/api/v1/discovery', (request) => {
        if (request.method() === 'POST') state = 'running';
        else if (state === 'running' && (looks += 1) > 2) state = 'done';
        const progress = state === 'done' ? 1 : 0.5;
        const asked = Math.round(254 * progress);
        return [
          200,
          {
            status: 'success',
            state,
            progress,
            asked,
            total: 254,
            found: hosts.length,
            hosts,
            error: null,
            suggestion: state === 'done' ? suggestion : null,
          },
        ];
      });
      await go(page, '#/settings/network');
      await page.getByRole('button', { name: 'Search' }).click();
      await page.getByText('Asked 127 of 254 addresses').waitFor();
      assert.equal(await page.getByRole('progressbar').getAttribute('value'), '0.5');
      await page.getByText(/18 PCs at 192.168.1.120 to 192.168.1.137/).waitFor();
      assert.equal(await page.getByLabel('Router', { exact: true }).inputValue(), '192.168.1.1');
      await page.getByRole('button', { name: 'Use these' }).click();
      assert.equal(await page.getByLabel('Router', { exact: true }).inputValue(), '192.168.1.254');
      await page.getByText('3 changes not saved').waitFor();
      await done(page, `discovery-${width}`);
    });

    it('a picture of the screen is shown, or said why not', async () => {
      const page = await openPage(browser, program, { width, scheme });
      let refused = true;
      const dot = Buffer.from('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', 'base64');
      await page.route('**/api/v1/screenshot', (route) =>
        refused
          ? route.fulfill({ status: 409, json: { status: 'error', code: 'privacy', message: '' } })
          : route.fulfill({ contentType: 'image/webp', body: dot }),
      );
      await go(page, '#/about');
      await page.getByRole('button', { name: 'Take one now' }).click();
      await page.getByText('Privacy mode is on: no pictures.').waitFor();
      refused = false;
      page.errors = [];
      await page.getByRole('button', { name: 'Take one now' }).click();
      const shown = page.getByRole('img', { name: 'The main screen of the PC that watches' });
      await until('it is drawn', () => shown.evaluate((img) => img.naturalWidth > 0));
      await done(page, `picture-${width}`);
    });

    it('a password is asked for where one is needed; a wrong one is said, a right one opens', async () => {
      const page = await openPage(browser, program, { width, scheme });
      let admin = false;
      const locked = [401, { status: 'error', code: 'login_needed', message: 'Log in' }];
      await say(page, '/api/v1/login', (request) => {
        admin = request.postDataJSON().password === 'right password';
        return admin ? [200, { status: 'success' }] : locked;
      });
      await say(page, '/api/logs?*', () =>
        admin ? [200, { status: 'success', lines: 1, source: 'memory', logs: ['opened'] }] : locked,
      );
      await go(page, '#/log');
      const dialog = page.getByRole('dialog', { name: 'Log in' });
      await dialog.getByLabel('Admin password').fill('guess');
      await page.keyboard.press('Enter');
      await dialog.getByText('That password is not right.').waitFor();
      await picture(page, `login-${width}`);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Log in' }).click();
      await dialog.getByLabel('Admin password').fill('right password');
      await page.keyboard.press('Enter');
      await page.getByText('opened').waitFor();
      await done(page, `log-opened-${width}`);
    });
  });
}
