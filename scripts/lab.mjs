// `npm run lab -- VERB …`: the café in network namespaces, by hand. Without a verb it prints its help.
import {
  Stop,
  buildHeadless,
  buildPage,
  cargoNetwork,
  isRoot,
  linux,
  needRust,
  run,
  script,
  systemPackages,
} from './lib.mjs';

script(async () => {
  if (!linux) throw new Stop('The lab is made of Linux network namespaces: it needs Linux.');
  needRust();
  await systemPackages('build', ...(isRoot ? ['lab'] : []));
  const args = process.argv.slice(2);
  const env = {};
  if (args[0] === 'run') {
    await buildPage();
    env.CAFESENTINEL_HEADLESS = await buildHeadless('debug');
  }
  return run(
    'cargo',
    ['run', '-q', ...cargoNetwork(), '-p', 'cafesentinel-tests', '--bin', 'lab', '--', ...args],
    { env },
  );
});
