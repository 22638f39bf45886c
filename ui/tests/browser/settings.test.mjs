import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Program, loopback, openBrowser, openPage, picture, until } from './harness.mjs';

let browser;
let program;
before(async () => (browser = await openBrowser()));
after(() => browser.close());
beforeEach(async () => {
  await program?.stop();
  program = await Program.start(loopback());
});
after(() => program?.stop());

const inForce = async () => (await program.ask('api/v1/config')).config;
const open = (section, options = {}) =>
  openPage(browser, program, { hash: `#/settings/${section}`, ...options });
const field = (page, path) => page.locator(`[data-path="${path}"]`);

async function save(page) {
  await page.getByRole('button', { name: 'Review and save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved. In force from the next round on.').waitFor();
}

async function done(page) {
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

describe('the settings', () => {
  it('say beside the field what is wrong, as one types, and do not save it', async () => {
    const page = await open('monitoring');
    const interval = page.getByLabel('Look every');
    await interval.fill('0');
    await field(page, 'monitor_settings.interval_seconds')
      .getByText('Must be from 1 to 60.')
      .waitFor();
    assert.equal(await interval.getAttribute('aria-invalid'), 'true');
    assert.ok(await page.getByRole('button', { name: 'Review and save' }).isDisabled());
    await picture(page, 'settings-fault');
    await interval.fill('many');
    await page.getByText('A whole number is needed.').waitFor();
    await interval.fill('3');
    await page.getByText('A whole number is needed.').waitFor({ state: 'detached' });
    assert.ok(await page.getByRole('button', { name: 'Review and save' }).isEnabled());
    assert.equal((await inForce()).monitor_settings.interval_seconds, 1);
    await done(page);
  });

  it('are saved after a look at the differences, take effect within a round, and are taken back', async () => {
    const page = await open('monitoring');
    await page.getByLabel('Ask again after').fill('2,5');
    await page.getByRole('link', { name: 'Discord' }).click();
    await page.getByLabel('Name of the café').fill('Café Zürich');
    await page.getByRole('button', { name: 'Review and save' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('verification_settings.retry_delay_seconds').waitFor();
    await dialog.getByText('2.5 s', { exact: true }).waitFor();
    await dialog.getByText('Café Loopback').waitFor();
    await picture(page, 'settings-diff');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. In force').waitFor();
    const config = await inForce();
    assert.equal(config.verification_settings.retry_delay_seconds, 2.5);
    assert.equal(config.discord_settings.shop_name, 'Café Zürich');
    await page.getByRole('link', { name: 'Live' }).click();
    await page.getByText('Café Zürich').waitFor();

    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Restored.').waitFor();
    assert.equal((await inForce()).discord_settings.shop_name, 'Café Loopback');
    await done(page);
  });

  it('keep what is typed when one leaves and comes back', async () => {
    const page = await open('monitoring');
    await page.getByLabel('Look every').fill('7');
    await page.getByRole('link', { name: 'Live' }).click();
    await page.getByRole('article').first().waitFor();
    await page.getByRole('link', { name: /Settings/ }).click();
    await page.getByText('1 change not saved').waitFor();
    await page.getByRole('link', { name: 'Monitoring' }).click();
    assert.equal(await page.getByLabel('Look every').inputValue(), '7');
    await page.getByRole('button', { name: 'Back to 1' }).click();
    await page.getByText('1 change not saved').waitFor({ state: 'detached' });
    await done(page);
  });

  it('of two browsers at once are brought together, and nobody overwrites unseen', async () => {
    const [one, two] = [await open('monitoring'), await open('discord')];
    await one.getByLabel('Look every').fill('4');
    await two.getByLabel('Name of the café').fill('Second');
    await save(two);
    await one.getByText('The settings were changed elsewhere.').waitFor();
    assert.equal(await one.getByLabel('Look every').inputValue(), '4');
    await save(one);
    const config = await inForce();
    assert.equal(config.discord_settings.shop_name, 'Second');
    assert.equal(config.monitor_settings.interval_seconds, 4);
    await done(one);
    await done(two);
  });

  it('warn before stealth and name the way back', async () => {
    const page = await open('system');
    await field(page, 'system_settings.env_state').getByRole('switch').check();
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page
      .getByRole('dialog')
      .getByRole('alert')
      .getByText(/start the program a second time/)
      .waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await inForce()).system_settings.env_state, false);
    await done(page);
  });

  it('never show a secret, and keep it when others are changed', async () => {
    const page = await open('discord');
    const hook = 'https://discord.com/api/webhooks/1234567890/very-secret-token';
    await field(page, 'discord_settings.webhook_alerts')
      .getByRole('textbox')
      .fill('http://example.org/x');
    await page.getByText(/Expected https:\/\/discord.com/).waitFor();
    await field(page, 'discord_settings.webhook_alerts').getByRole('textbox').fill(hook);
    await save(page);
    await page.reload();
    await field(page, 'discord_settings.webhook_alerts').getByText('••••').waitFor();
    assert.equal((await page.content()).includes('very-secret'), false);
    await page.getByLabel('Name of the café').fill('Other');
    await save(page);
    const file = readFileSync(`${program.folder}/config.json`, 'utf8');
    assert.match(file, /"webhook_alerts": "sealed:/);
    assert.doesNotMatch(file, /very-secret-token/);
    await page.getByRole('button', { name: 'Send a test message' }).waitFor();
    await done(page);
  });

  it('are restored from a backup after a comparison', async () => {
    const page = await open('monitoring');
    await page.getByLabel('Look every').fill('9');
    await save(page);
    await page.getByRole('link', { name: 'Backups' }).click();
    await page.getByRole('button', { name: 'Compare with now' }).first().click();
    await page.getByText('monitor_settings.interval_seconds').waitFor();
    await picture(page, 'settings-backups');
    await page.getByRole('button', { name: 'Restore' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Restored.').waitFor();
    assert.equal((await inForce()).monitor_settings.interval_seconds, 1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await until('undone', async () => (await inForce()).monitor_settings.interval_seconds === 9);
    await done(page);
  });

  it('can be edited as JSON, which says where it breaks', async () => {
    const page = await open('json');
    const text = page.getByLabel('Configuration as JSON');
    const whole = await text.inputValue();
    await text.fill('{\n  "targets": nothing\n}');
    await page.getByText(/not valid JSON \(line 2/).waitFor();
    await text.fill(whole.replace('"interval_seconds": 1,', '"intervall_seconds": 1,')); // typos: ignore
    await page.getByText(/did you mean `interval_seconds`/).waitFor();
    await text.fill(whole.replace('"interval_seconds": 1,', '"interval_seconds": 5,'));
    await page.getByText('Valid.').waitFor();
    await save(page);
    assert.equal((await inForce()).monitor_settings.interval_seconds, 5);
    await done(page);
  });

  it('name, add, move and take out seats, and read them from a file', async () => {
    const page = await open('seats');
    await page.getByLabel('Name, 127.0.1.2').fill('Window');
    await page.getByRole('button', { name: 'Add a seat' }).click();
    await page
      .getByText(/another seat has it/)
      .first()
      .waitFor();
    assert.ok(await page.getByRole('button', { name: 'Review and save' }).isDisabled());
    // On its way it is the address of PC-1, and must not become that seat.
    await page.getByLabel('Address, PC-7').pressSequentially('127.0.1.1');
    assert.equal(await page.getByLabel('Name, 127.0.1.1', { exact: true }).inputValue(), 'PC-1');
    await page.getByLabel('Address, PC-7').fill('127.0.2.9');
    await page.keyboard.press('Tab');
    await save(page);
    let config = await inForce();
    assert.deepEqual(config.monitor_settings.pcs, [
      { name: 'Window', address: '127.0.1.2' },
      { name: 'PC-7', address: '127.0.2.9' },
    ]);

    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    const csv = readFileSync(await file.path(), 'utf8');
    assert.equal(csv.split('\r\n')[2], 'Window,127.0.1.2,');
    await page.locator('input[type=file]').setInputFiles({
      name: 'seats.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(csv.replace('Window,', '"Door, left",')),
    });
    await page.getByText('7 seats read from the file.').waitFor();
    await page.getByRole('button', { name: 'Turn the range into a list' }).click();
    await page.getByRole('button', { name: 'Move PC-1 down' }).click();
    await page.getByRole('button', { name: 'Take out PC-6' }).click();
    await save(page);
    config = await inForce();
    assert.deepEqual(
      config.monitor_settings.pcs.map((seat) => seat.name),
      ['Door, left', 'PC-1', 'PC-3', 'PC-4', 'PC-5', 'PC-7'],
    );
    assert.equal(config.monitor_settings.pc_count, 0);
    await picture(page, 'settings-seats');
    await done(page);
  });

  it('say so where the running program has no such thing yet', async () => {
    const page = await open('network');
    const missing = (await fetch(`${program.url}api/v1/discovery`)).status === 404;
    await page
      .getByText(missing ? 'Not in this version yet.' : 'Search')
      .first()
      .waitFor();
    await done(page);
  });

  it('can be done with the keyboard alone', async () => {
    const page = await open('monitoring');
    await page.getByLabel('Look every').focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('6');
    const review = page.getByRole('button', { name: 'Review and save' });
    await until('it may be saved', () => review.isEnabled());
    await review.focus();
    await page.keyboard.press('Enter');
    const confirm = page.getByRole('dialog').getByRole('button', { name: 'Save' });
    await confirm.waitFor();
    for (let i = 0; i < 10; i += 1) {
      if (await confirm.evaluate((el) => el === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByText('Saved. In force').waitFor();
    assert.equal((await inForce()).monitor_settings.interval_seconds, 6);
    await done(page);
  });
});
