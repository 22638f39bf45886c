// `npm run test:fuzz-api`: the program's API against its own description, by schemathesis, as
// the admin. On Linux as root: the program runs in a network of its own, where it can reach
// nothing but itself. `-- --cases N` for more or fewer examples of each operation.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Stop,
  buildHeadless,
  inCi,
  isRoot,
  linux,
  must,
  needRust,
  run,
  say,
  script,
} from './lib.mjs';

const VERSION = '4.32.5';
const tools = join(homedir(), '.cache/cafesentinel/tools/schemathesis');

async function schemathesis() {
  const there = spawnSync(join(tools, 'bin/st'), ['--version'], {
    env: { ...process.env, PYTHONPATH: tools },
    encoding: 'utf8',
  });
  if (there.status === 0 && there.stdout.includes(VERSION)) return;
  rmSync(tools, { recursive: true, force: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  await must('python3', [
    ...pip,
    '--root-user-action=ignore',
    '--target',
    tools,
    `schemathesis==${VERSION}`,
  ]);
}

const SERVE = `
set -euo pipefail
ip link set lo up
"$PROGRAM" run --data-dir "$DATA" >"$DATA.console" 2>&1 &
trap 'kill $!' EXIT
for _ in $(seq 100); do
  if curl -sf -o /dev/null http://127.0.0.1:5000/api/status; then break; fi
  sleep 0.1
done
cd "$(dirname "$DATA")" # where it leaves what it has found
curl -sf -H "Authorization: Bearer $TOKEN" http://127.0.0.1:5000/api/v1/openapi.json >"$DATA.json"
# A stream has no end, and whoever revokes our own token ends the run. What a configuration
# must look like is more than its description says, so refusing one is no finding.
"$ST" run "$DATA.json" --url http://127.0.0.1:5000 -H "Authorization: Bearer $TOKEN" \\
  --checks all --exclude-checks positive_data_acceptance,negative_data_rejection \\
  --max-examples "$CASES" --request-timeout 10 --suppress-health-check all \\
  --exclude-path /api/v1/events --exclude-path /api/v1/logs/tail \\
  --exclude-operation-id revoke_token --no-color
`;

script(async () => {
  if (!linux || !isRoot) {
    if (inCi) throw new Stop('needs Linux and root, and CI must not skip it');
    say('SKIPPED: needs Linux and root');
    return 0;
  }
  needRust();
  const at = process.argv.indexOf('--cases');
  const cases = at < 0 ? '100' : (process.argv[at + 1] ?? '100');
  await schemathesis();
  const program = await buildHeadless('debug');
  const home = mkdtempSync(join(tmpdir(), 'cafesentinel-fuzz-'));
  try {
    const data = join(home, 'data');
    const passwords = join(home, 'passwords');
    writeFileSync(passwords, 'admin=an admin password\nprivacy=a privacy password\n');
    const keys = ['--data-dir', data, '--passwords-from', passwords];
    await must(program, ['setup', ...keys]);
    writeFileSync(
      join(data, 'config.json'),
      JSON.stringify({
        targets: { router: '127.0.0.2', server: '', internet: '127.0.0.4' },
        monitor_settings: { pc_count: 2, pc_subnet: '127.0.1', pc_start_range: 1 },
        verification_settings: { secondary_target: '127.0.0.5' },
      }),
    );
    const made = spawnSync(program, ['token', 'create', 'fuzz', '--scope', 'admin', ...keys], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Stop(made.stderr);
    const env = {
      PROGRAM: program,
      DATA: data,
      TOKEN: made.stdout.trim(),
      CASES: cases,
      ST: join(tools, 'bin/st'),
      PYTHONPATH: tools,
    };
    if (!existsSync(env.ST)) throw new Stop('schemathesis was not installed');
    return await run('unshare', ['-n', '--pid', '--fork', '--kill-child', 'bash', '-c', SERVE], {
      env,
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
