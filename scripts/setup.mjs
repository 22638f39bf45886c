// `npm run setup`: what the tests need from outside, and nothing built: system packages and modules.
import { isRoot, linux, needRust, npmModules, script, systemPackages } from './lib.mjs';

script(async () => {
  needRust();
  await systemPackages('build', ...(linux && isRoot ? ['lab'] : []));
  await npmModules();
});
