import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program, loopback, openBrowser, openPage, picture, until } from './harness.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

const LONG = 'Der sehr lange Name eines Platzes am Fenster hinten links neben der Treppe, Nr. 12';

const seats = (n) =>
  Array.from({ length: n }, (_, i) => ({
    name: i === 0 ? LONG.slice(0, 80) : `Seat ${i + 1}`,
    address: `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`,
  }));

/**
 * The processor time that the page's own thread spends on `work`, in milliseconds: unlike
 * times by the wall clock it is the same on a busy machine.
 */
async function spent(page, work) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const now = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return metrics.find((metric) => metric.name === 'TaskDuration').value * 1000;
  };
  const before = await now();
  await work();
  return (await now()) - before;
}

describe('250 seats', () => {
  let program;
  before(async () => {
    program = await Program.start(loopback({ monitor_settings: { pc_count: 250 } }));
  });
  after(() => program.stop());

  it('fit on one screen of 1366 × 768', async () => {
    const page = await openPage(browser, program);
    const last = page.locator('[aria-posinset="250"]');
    await last.waitFor();
    await until('the grid stands', async () => (await last.boundingBox()).y > 100);
    const box = await last.boundingBox();
    assert.ok(box.y + box.height <= 768, `the last tile ends at ${box.y + box.height}`);
    assert.equal(await page.evaluate(() => scrollY), 0);
    // A name is never cut to make room for a time.
    const cut = await page
      .locator('[role=listitem] .name')
      .evaluateAll((names) => names.filter((n) => n.scrollWidth > n.clientWidth).length);
    assert.equal(cut, 0);
    await picture(page, 'live-250');
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });
});

describe('4,096 seats', () => {
  let program;
  before(async () => {
    program = await Program.start(
      loopback({ monitor_settings: { interval_seconds: 2, pc_count: 0, pcs: seats(4096) } }),
    );
  });
  after(() => program.stop());

  it('are there, but only those near the window are drawn', async () => {
    const page = await openPage(browser, program);
    await page.locator('[aria-posinset="1"]').waitFor();
    const nodes = () => page.evaluate(() => document.querySelectorAll('*').length);
    const tiles = () => page.locator('[role=listitem]').count();
    assert.ok((await tiles()) < 700, `${await tiles()} tiles`);
    assert.ok((await nodes()) < 5000, `${await nodes()} elements`);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.locator('[aria-posinset="4096"]').waitFor();
    assert.ok((await nodes()) < 5000, `${await nodes()} elements at the end`);

    await page.evaluate(() => scrollTo(0, 0));
    await page.getByLabel('Find a seat').fill('seat 4096');
    await page.getByRole('button', { name: /Seat 4096/ }).waitFor();
    assert.equal(await tiles(), 1);
    await page.getByLabel('Find a seat').fill('');
    await picture(page, 'live-4096');
    await page.context().close();
  });

  it('are scrolled and kept up to date without stutter', async (context) => {
    const page = await openPage(browser, program);
    await page.locator('[aria-posinset="1"]').waitFor();
    const cycle = async () => Number(await page.locator('[data-cycle]').getAttribute('data-cycle'));
    const ROUNDS = 3;
    const update =
      (await spent(page, async () => {
        const began = await cycle();
        await until('rounds came', async () => (await cycle()) >= began + ROUNDS);
      })) / ROUNDS;

    await page.mouse.move(600, 500);
    const STEPS = 60;
    const step =
      (await spent(page, async () => {
        for (let i = 0; i < STEPS; i += 1) {
          // Eleven rows at a time, faster than a wheel is turned.
          await page.mouse.wheel(0, i < 40 ? 260 : -390);
          await page.waitForTimeout(33);
        }
      })) / STEPS;
    context.diagnostic(
      `a round ${Math.round(update)} ms, a step ${Math.round(step)} ms of the processor`,
    );
    assert.ok(update < 150, `a round costs ${update} ms`);
    assert.ok(step < 100, `eleven rows cost ${step} ms`);
    // After the scrolling every place in sight is drawn.
    const empty = await page.evaluate(() => {
      const grid = document.querySelector('[role=list][aria-label=Seats]');
      const seen = [...grid.querySelectorAll('[role=listitem]')].map((el) =>
        el.getBoundingClientRect(),
      );
      const edge = grid.getBoundingClientRect();
      const bottom = Math.min(innerHeight, edge.bottom);
      const top = Math.max(0, edge.top);
      return (
        Math.min(...seen.map((r) => r.top)) > top + 30 ||
        Math.max(...seen.map((r) => r.bottom)) < bottom - 30
      );
    });
    assert.equal(empty, false);
    await page.context().close();
  });

  it('can have long names, which break nothing', async () => {
    for (const width of [360, 1366]) {
      const page = await openPage(browser, program, { width, height: 768 });
      await page.locator('[aria-posinset="1"]').waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      const tile = await page.locator('[aria-posinset="1"]').boundingBox();
      assert.ok(tile.height <= 44);
      if (width === 1366) {
        await page.locator('[aria-posinset="1"] button').hover();
        await page.getByRole('complementary').getByText(LONG.slice(0, 30)).waitFor();
      }
      await picture(page, `live-long-${width}`);
      await page.context().close();
    }
  });

  it('are edited without waiting', async (context) => {
    const page = await openPage(browser, program, { hash: '#/settings/seats' });
    const name = page.getByLabel('Name, 127.1.0.2', { exact: true });
    await name.waitFor();
    const text = 'Window seat';
    const key =
      (await spent(page, async () => {
        await name.fill('');
        await name.pressSequentially(text);
        await page.getByText('1 change not saved').waitFor();
      })) / text.length;
    context.diagnostic(`a key ${Math.round(key)} ms of the processor`);
    assert.ok(key < 100, `a key costs ${key} ms`);
    await page.context().close();
  });
});
