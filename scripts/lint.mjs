// `npm run lint`: how the code is written, for Rust and for the page. Changes nothing.
import { Report, cargoNetwork, needRust, npmModules, run, script, systemPackages } from './lib.mjs';

script(async () => {
  needRust();
  await systemPackages('build');
  await npmModules();
  const report = new Report();
  await report.part('rustfmt', () => run('cargo', ['fmt', '--all', '--check']));
  await report.part('clippy', () =>
    run('cargo', [
      'clippy',
      ...cargoNetwork(),
      '--workspace',
      '--all-targets',
      '--',
      '-D',
      'warnings',
    ]),
  );
  await report.part('prettier', () => run('npm', ['exec', '--', 'prettier', '--check', '.']));
  await report.part('eslint', () => run('npm', ['run', '--silent', 'lint', '-w', 'ui']));
  await report.part('svelte-check', () => run('npm', ['run', '--silent', 'check', '-w', 'ui']));
  return report.end();
});
