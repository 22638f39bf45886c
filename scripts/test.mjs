// `npm test`: every test that needs no more than some minutes, on a machine with nothing set up.
import { resolve } from 'node:path';

import {
  Report,
  buildHeadless,
  buildPage,
  cargoNetwork,
  isRoot,
  linux,
  needRust,
  npmModules,
  run,
  script,
  systemPackages,
} from './lib.mjs';

script(async () => {
  needRust();
  const lab = linux && isRoot;
  await systemPackages('build', ...(linux ? ['browser'] : []), ...(lab ? ['lab'] : []));
  await npmModules();

  const report = new Report();
  await report.part('page: build', buildPage);
  await report.part('page: unit tests', () => run('npm', ['run', '--silent', 'test', '-w', 'ui']));
  await report.part('page: types', () => run('npm', ['run', '--silent', 'check', '-w', 'ui']));
  await report.part('rust: unit, property, scenario, api', () =>
    run('cargo', ['test', ...cargoNetwork(), '--workspace', '--exclude', 'cafesentinel-tests']),
  );

  let program = null;
  const built = await report.part('rust: the program', async () => {
    program = await buildHeadless('debug');
  });
  const browser = 'page: the whole program, in a browser';
  if (linux) {
    const env = { CAFESENTINEL_HEADLESS: program, CAFESENTINEL_UI: resolve('ui/dist') };
    if (built) {
      await report.part(browser, () =>
        run('npm', ['run', '--silent', 'test:browser', '-w', 'ui'], { env }),
      );
    }
  } else {
    report.skip(browser, 'needs Linux');
  }
  const whole = () =>
    run('cargo', ['test', ...cargoNetwork(), '-p', 'cafesentinel-tests'], {
      // These tests wait much more than they compute.
      env: { CAFESENTINEL_HEADLESS: program, RUST_TEST_THREADS: '12' },
    });
  const name = 'rust: the whole program, in the lab';
  if (lab) {
    if (built) await report.part(name, whole);
  } else {
    // What needs no lab runs all the same; the others skip themselves.
    if (built) await report.part('rust: the whole program, no lab', whole);
    report.skip(name, linux ? 'needs root' : 'needs Linux');
  }
  return report.end();
});
