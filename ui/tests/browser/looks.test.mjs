import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Program, loopback, openBrowser, openPage, picture, violations } from './harness.mjs';

let browser;
let demo;
let quiet;
before(async () => {
  browser = await openBrowser();
  demo = await Program.start('demo');
  quiet = await Program.start(loopback());
  mkdirSync(`${quiet.folder}/probes`, { recursive: true });
  writeFileSync(
    `${quiet.folder}/probes/info-2026-01-02.log`,
    '[2026-01-02 10:00:00] [SYSTEM] hi\n',
  );
});
after(async () => {
  await browser.close();
  await demo.stop();
  await quiet.stop();
});

const PAGES = [
  ['live', ''],
  ['seats', '#/seats'],
  ['log', '#/log'],
  ['archives', '#/log/archives'],
  ['notices', '#/notices'],
  ['network', '#/settings/network'],
  ['monitoring', '#/settings/monitoring'],
  ['places', '#/settings/seats'],
  ['occupancy', '#/settings/occupancy'],
  ['discord', '#/settings/discord'],
  ['system', '#/settings/system'],
  ['api', '#/settings/api'],
  ['chain', '#/settings/chain'],
  ['backups', '#/settings/backups'],
  ['json', '#/settings/json'],
  ['access', '#/access'],
  ['about', '#/about'],
];
const SIZES = [
  [360, 740],
  [768, 1024],
  [1366, 768],
  [1920, 1080],
];

describe('every page', () => {
  for (const [width, height] of SIZES) {
    for (const scheme of ['dark', 'light']) {
      // Both languages and both programs, without asking for every combination.
      const spanish = (width === 360) === (scheme === 'dark');
      it(`is whole at ${width} px, ${scheme}, ${spanish ? 'Spanish' : 'English'}`, async () => {
        const program = width === 768 ? quiet : demo;
        const page = await openPage(browser, program, {
          width,
          height,
          scheme,
          locale: spanish ? 'es-ES' : 'en-GB',
        });
        const faults = [];
        for (const [name, hash] of PAGES) {
          await page.evaluate((to) => (location.hash = to === '' ? '#/' : to), hash);
          await page.locator('main h1').first().waitFor();
          // Not until the network is idle: the stream never ends. What is asked for has come.
          await page.waitForFunction(
            () => !/^(Loading|Cargando)$/m.test(document.querySelector('main')?.innerText ?? ''),
          );
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (wide > 0) faults.push(`${name}: ${wide} px too wide`);
          for (const found of await violations(page)) faults.push(`${name}: ${found}`);
          await picture(page, `${name}-${width}-${scheme}`);
        }
        assert.deepEqual(faults, []);
        assert.deepEqual(page.errors, []);
        await page.context().close();
      });
    }
  }
});
