// `npm start`: everything from a bare machine to a running program; arguments go to it.
import { resolve } from 'node:path';

import { buildHeadless, buildPage, needRust, run, script, systemPackages } from './lib.mjs';

script(async () => {
  needRust();
  await systemPackages('build');
  await buildPage();
  const program = await buildHeadless('release');
  // The program prints the address of its page itself: only it knows which port it got.
  return run(program, process.argv.slice(2), {
    env: { CAFESENTINEL_UI: resolve('ui/dist') },
  });
});
