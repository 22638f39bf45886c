// `npm run format`: lays out Rust, page and scripts.
import { must, needRust, npmModules, script } from './lib.mjs';

script(async () => {
  needRust();
  await npmModules();
  await must('cargo', ['fmt', '--all']);
  await must('npm', ['exec', '--', 'prettier', '--write', '--log-level', 'warn', '.']);
});
