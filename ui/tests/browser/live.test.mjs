import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program, loopback, openBrowser, openPage, picture, until } from './harness.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

describe('the live page, on the demo', () => {
  let program;
  before(async () => (program = await Program.start('demo')));
  after(() => program.stop());

  const cycle = async (page) =>
    Number(await page.locator('[data-cycle]').getAttribute('data-cycle'));

  it('moves with the engine, and tells of an outage and its end', async () => {
    const page = await openPage(browser, program);
    await page.getByText('DEMO', { exact: true }).waitFor();
    const first = await cycle(page);
    await until('the heart beats', async () => (await cycle(page)) > first + 3);

    // The story begins at 12:58; at 13:05 the server falls silent, at 13:07:30 it is back.
    const card = page.getByRole('article', { name: 'Server: Down' });
    await card.waitFor();
    await page.getByRole('status').getByText('The server is down.').waitFor();
    assert.match(await page.title(), /The server is down/);
    assert.equal(await card.locator('svg[data-state=down]').count(), 1);
    await picture(page, 'live-server-down');

    await page.getByRole('article', { name: 'Server: Up' }).waitFor();
    await page.getByRole('status').getByText('All is well.').waitFor();
    await page.locator('#incidents ~ ol').getByText('Server down').waitFor();
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });

  it('shows at once that the connection is lost, keeps the last view, and heals', async () => {
    const page = await openPage(browser, program);
    await page.getByRole('article').first().waitFor();
    await program.kill();
    const alert = page.getByRole('alert');
    await alert.getByText('No connection to CafeSentinel.').waitFor();
    assert.equal(await page.getByRole('article').count(), 3);
    await page.getByText(/This is what it last said/).waitFor();
    await picture(page, 'live-lost');

    await program.again();
    await alert.waitFor({ state: 'detached' });
    const healed = await cycle(page);
    await until('it beats again', async () => (await cycle(page)) > healed);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });

  it('speaks the language of the browser', async () => {
    const page = await openPage(browser, program, { locale: 'es-MX' });
    await page.getByRole('link', { name: 'Ajustes' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'es');
    await page.getByText('Puestos', { exact: true }).first().waitFor();
    await page.context().close();
  });

  it('is dark or light as the system is, unless somebody chose', async () => {
    const page = await openPage(browser, program, { scheme: 'light', hash: '#/about' });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(await ground(), 'rgb(250, 248, 245)');
    await page.getByText('Dark', { exact: true }).click();
    assert.equal(await ground(), 'rgb(20, 17, 15)');
    await page.reload();
    await page.getByText('Dark', { exact: true }).waitFor();
    assert.equal(await ground(), 'rgb(20, 17, 15)');
    await page.context().close();
  });

  it('tells of a seat by pointer, by keyboard and by finger', async () => {
    const page = await openPage(browser, program);
    const tiles = page.locator('[role=listitem] button');
    const card = page.getByRole('complementary', { name: 'PC-1', exact: true });
    await tiles.first().hover();
    await card.getByText('192.168.1.110').waitFor();
    await page.mouse.move(5, 700);
    await card.waitFor({ state: 'detached' });

    await page.getByRole('radio', { name: 'List' }).focus();
    await page.keyboard.press('Tab');
    await card.waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('complementary', { name: 'PC-2', exact: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.getByRole('complementary').waitFor({ state: 'detached' });
    assert.match((await page.evaluate(() => document.activeElement?.textContent)) ?? '', /PC-2/);
    await page.context().close();

    const phone = await openPage(browser, program, { width: 360, height: 740 });
    await phone.locator('[role=listitem] button').first().tap();
    const sheet = phone.getByRole('complementary', { name: 'PC-1', exact: true });
    await sheet.getByText('192.168.1.110').waitFor();
    await sheet.getByRole('button', { name: 'Close' }).tap();
    await sheet.waitFor({ state: 'detached' });
    await phone.context().close();
  });

  it('holds still for those who want no motion', async () => {
    const page = await openPage(browser, program, { reduced: true });
    await page.locator('[data-cycle]').waitFor();
    // In one go: the next beat puts another element there.
    const seconds = await page.evaluate(
      () => getComputedStyle(document.querySelector('[data-cycle]')).animationDuration,
    );
    assert.equal(parseFloat(seconds), 0);
    await page.context().close();
  });
});

describe('the live page, on loopback', () => {
  it('shows the faults of the program itself', async () => {
    const program = await Program.start(loopback());
    const page = await openPage(browser, program);
    await page.getByRole('article').first().waitFor();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      `${program.folder}/config.json`,
      '{ "monitor_settings": { "interval_seconds": 0 } }',
    );
    await page
      .getByLabel('Faults of this program')
      .getByText(/interval_seconds/)
      .waitFor();
    await picture(page, 'live-fault');
    assert.deepEqual(page.errors, []);
    await page.context().close();
    await program.stop();
  });
});
