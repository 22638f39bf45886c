// `npm run test:long`: the tests marked `#[ignore]` because they take long. Not part of CI.
import {
  Report,
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
  needRust();
  const lab = linux && isRoot;
  await systemPackages('build', ...(lab ? ['lab'] : []));
  const report = new Report();
  await report.part('rust: long tests', () =>
    run('cargo', [
      'test',
      ...cargoNetwork(),
      '--release',
      '--workspace',
      '--exclude',
      'cafesentinel-tests',
      '--',
      '--ignored',
    ]),
  );
  if (!lab) {
    report.skip('rust: long runs in the lab', linux ? 'needs root' : 'needs Linux');
  } else {
    await buildPage();
    const program = await buildHeadless('release');
    await report.part('rust: long runs in the lab', () =>
      run(
        'cargo',
        // What they measured is shown at their end.
        [
          ...['test', ...cargoNetwork(), '-p', 'cafesentinel-tests', '--'],
          ...['--ignored', '--show-output', '--skip', 'bench_'],
        ],
        { env: { CAFESENTINEL_HEADLESS: program } },
      ),
    );
    // After them, because it measures small times.
    await report.part('a sweep beside fping and icmplib', () =>
      run('node', ['scripts/bench-sweep.mjs']),
    );
  }
  return report.end();
});
