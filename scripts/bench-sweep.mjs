// `npm run bench:sweep`: a sweep of 254 addresses, half of them silent, beside fping and icmplib.
// In the lab: it needs Linux and root, python3 and, for icmplib, PyPI.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import {
  Stop,
  buildHeadless,
  cargoNetwork,
  isRoot,
  linux,
  must,
  needRust,
  run,
  script,
  systemPackages,
  targetDir,
} from './lib.mjs';

const ICMPLIB = '3.0.4';

script(async () => {
  if (!linux || !isRoot) throw new Stop('The lab needs Linux and root.');
  needRust();
  await systemPackages('build', 'lab');
  const program = await buildHeadless('release');
  const python = join(targetDir(), `icmplib-${ICMPLIB}`);
  if (!existsSync(join(python, 'icmplib'))) {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await must('python3', [...pip, '--target', python, `icmplib==${ICMPLIB}`]);
  }
  const test = ['test', ...cargoNetwork(), '-p', 'cafesentinel-tests', '--test', 'cafe', '--'];
  return run('cargo', [...test, '--ignored', '--nocapture', 'bench_sweep'], {
    env: { CAFESENTINEL_HEADLESS: program, BENCH_PYTHONPATH: python },
  });
});
