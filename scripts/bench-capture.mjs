// `npm run bench:capture`: a picture of a 1920×1080 screen, taken and squeezed by this program
// and by Python's mss + Pillow (WebP `method=4`), in turns; then how much the beat of a running
// monitor moves while it takes one picture after the other. Prints Markdown tables.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, homedir, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  Stop,
  cargoNetwork,
  isRoot,
  linux,
  must,
  needRust,
  run,
  say,
  script,
  systemPackages,
  targetDir,
} from './lib.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 25);
const BEAT_SECONDS = Number(process.env.BEAT_SECONDS ?? 40);
const BEAT_RUNS = Number(process.env.BEAT_RUNS ?? 2);
const PYTHON = { mss: '10.1.0', pillow: '12.0.0' };

const PEER = `
import io, sys, time
import mss
from PIL import Image
with mss.mss() as sct:
    for line in sys.stdin:
        ratio, quality = line.split()
        began = time.perf_counter()
        shot = sct.grab(sct.monitors[1])
        image = Image.frombytes('RGB', shot.size, shot.bgra, 'raw', 'BGRX')
        if float(ratio) != 1.0:
            size = (round(image.width * float(ratio)), round(image.height * float(ratio)))
            image = image.resize(size, Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, 'WEBP', quality=int(quality), method=4)
        print('%.3f %d' % ((time.perf_counter() - began) * 1000, len(out.getvalue())), flush=True)
`;

// What could be on a screen: windows with much text on a wallpaper, and a picture full of detail.
const PAINTER = `
import random, sys
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
random.seed(1)
size = (1920, 1080)
def clouds(steps):
    whole = Image.new('RGB', size)
    for step in range(1, steps + 1):
        small = Image.frombytes('RGB', (4 << step, 2 << step), random.randbytes((4 << step) * (2 << step) * 3))
        whole = Image.blend(whole, small.resize(size, Image.Resampling.BICUBIC), 1 / (1 + step * 0.6))
    return whole
game = clouds(7).filter(ImageFilter.UnsharpMask(3, 150))
game.save(sys.argv[2])
desk = clouds(3)
draw = ImageDraw.Draw(desk)
font = ImageFont.load_default(15)
words = 'router server internet client session online minutes paid free station error ready'.split()
for left, top, width, height in ((60, 50, 900, 700), (820, 240, 1000, 720), (300, 620, 700, 380)):
    draw.rectangle((left, top, left + width, top + height), fill=(250, 250, 252), outline=(120, 120, 130))
    draw.rectangle((left, top, left + width, top + 30), fill=(37, 99, 235))
    for y in range(top + 40, top + height - 20, 21):
        text = ' '.join(random.choice(words) for _ in range(width // 62))
        draw.text((left + 14, y), text, font=font, fill=(20, 24, 39))
draw.rectangle((0, 1040, 1920, 1080), fill=(17, 24, 39))
desk.save(sys.argv[1])
`;

/** A process that answers line by line. */
class Peer {
  constructor(name, program, args, env) {
    this.name = name;
    this.child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Milliseconds of processor time of all its threads so far. */
  cpu() {
    const tasks = `/proc/${this.child.pid}/task`;
    let nanoseconds = 0;
    for (const task of readdirSync(tasks)) {
      nanoseconds += Number(readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ')[0]);
    }
    return nanoseconds / 1e6;
  }

  async take(ratio, quality) {
    const before = this.cpu();
    this.child.stdin.write(`${ratio} ${quality}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Stop(`${this.name} has ended`);
    const [ms, bytes] = value.split(' ').map(Number);
    return { ms, bytes, cpu: this.cpu() - before };
  }

  memory() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
  }

  end() {
    this.child.kill();
  }
}

const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];

async function startXvfb() {
  const xvfb = spawn(
    'Xvfb',
    ['-displayfd', '1', '-screen', '0', '1920x1080x24', '-noreset', '-nolisten', 'tcp'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const number = await new Promise((resolve, reject) => {
    xvfb.stdout.once('data', (data) => resolve(String(data).trim()));
    xvfb.once('exit', () => reject(new Stop('Xvfb does not start')));
  });
  return { xvfb, display: `:${number}` };
}

async function pythonPackages() {
  const folder = join(homedir(), '.cache/cafesentinel/bench-capture');
  const wanted = JSON.stringify(PYTHON);
  const stamp = join(folder, '.stamp');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    mkdirSync(folder, { recursive: true });
    const names = Object.entries(PYTHON).map(([name, version]) => `${name}==${version}`);
    const quiet = [
      '--quiet',
      '--disable-pip-version-check',
      '--root-user-action=ignore',
      '--upgrade',
    ];
    await must('python3', ['-m', 'pip', 'install', ...quiet, '--target', folder, ...names]);
    writeFileSync(stamp, wanted);
  }
  return folder;
}

async function compare(program, env, screens) {
  const ours = new Peer('CafeSentinel', program, ['pictures'], env);
  const theirs = new Peer('mss + Pillow', 'python3', ['-c', PEER], env);
  try {
    tell(await measure(ours, theirs, env, screens), [ours.memory(), theirs.memory()]);
  } finally {
    ours.end();
    theirs.end();
  }
}

async function measure(ours, theirs, env, screens) {
  const rows = [];
  for (const [screen, file] of Object.entries(screens)) {
    // It ends with 1 when all went well, too: the sizes below tell whether it is shown.
    await run('display', ['-window', 'root', file], { env });
    for (const ratio of [1.0, 0.5]) {
      const taken = { ours: [], theirs: [] };
      for (let round = -2; round < ROUNDS; round += 1) {
        // In turns, each first as often as the other.
        const order = round % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours'];
        for (const who of order) {
          const shot = await (who === 'ours' ? ours : theirs).take(ratio, 80);
          if (round >= 0) taken[who].push(shot);
        }
      }
      const of = (who, what) => median(taken[who].map((shot) => shot[what]));
      // A black screen has 10 kB.
      if (Math.min(of('ours', 'bytes'), of('theirs', 'bytes')) < 20_000) {
        throw new Stop(`${file} was not on the screen`);
      }
      const row = { screen, ratio };
      for (const what of ['ms', 'cpu', 'bytes']) row[what] = [of('ours', what), of('theirs', what)];
      rows.push(row);
    }
  }
  return rows;
}

function tell(rows, memory) {
  const cell = ([a, b], digits = 0) =>
    `${a.toFixed(digits)} / ${b.toFixed(digits)} = **${(a / b).toFixed(2)}**`;
  console.log(
    `\nCafeSentinel / mss ${PYTHON.mss} + Pillow ${PYTHON.pillow}, medians of ${ROUNDS} rounds, quality 80:\n`,
  );
  console.log('| screen | ratio | time (ms) | CPU (ms) | size (bytes) |');
  console.log('|---|---|---|---|---|');
  for (const { screen, ratio, ms, cpu, bytes } of rows) {
    console.log(
      `| ${screen} | ${ratio.toFixed(1)} | ${cell(ms, 1)} | ${cell(cpu, 1)} | ${cell(bytes)} |`,
    );
  }
  console.log(`\nMemory afterwards: ${memory.map((mib) => mib.toFixed(0)).join(' / ')} MiB.`);
}

const BEAT_CONFIG = {
  targets: { router: '127.0.0.2', server: '127.0.0.3', internet: '127.0.0.4' },
  monitor_settings: { interval_seconds: 1, pc_subnet: '127.0.1', pc_start_range: 1, pc_count: 20 },
  verification_settings: { secondary_target: '127.0.0.5' },
};

/** Runs the monitor for a while in a network of its own and reads how late its beats were. */
async function beat(program, env, captures) {
  const folder = mkdtempSync(join(tmpdir(), 'cafesentinel-beat-'));
  try {
    const data = join(folder, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'config.json'), JSON.stringify(BEAT_CONFIG));
    const count = join(folder, 'count');
    const inside = 'ip link set lo up && timeout --signal TERM "$1" "$2" beat "$3" $4 >/dev/null';
    const args = ['--net', 'sh', '-c', inside, 'sh', String(BEAT_SECONDS), program, data];
    await run('unshare', [...args, captures ? '--captures' : ''], {
      env: { ...env, CAPTURES_TAKEN: count },
    });
    const log = readFileSync(join(data, 'info.log'), 'utf8');
    const told = [
      ...log.matchAll(
        /(\d+) beats, started late by ([\d.]+) ms in the median, ([\d.]+) ms at the 99th percentile, ([\d.]+) ms/g,
      ),
    ];
    if (told.length === 0) throw new Stop(`no report of the beat in the log:\n${log}`);
    const [beats, p50, p99, max] = told.at(-1).slice(1).map(Number);
    const taken = captures ? Number(readFileSync(count, 'utf8')) : 0;
    return { beats, p50, p99, max, taken };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function beats(program, env) {
  console.log(`\nThe beat of 20 seats at 1 s, ${BEAT_SECONDS} s each; how late its beats began:\n`);
  console.log('| | captures | beats | median (ms) | p99 (ms) | worst (ms) |');
  console.log('|---|---|---|---|---|---|');
  for (let turn = 0; turn < BEAT_RUNS; turn += 1) {
    for (const captures of [false, true]) {
      const { beats, p50, p99, max, taken } = await beat(program, env, captures);
      console.log(
        `| ${captures ? 'without a pause' : 'none'} | ${taken} | ${beats} | ${p50} | ${p99} | ${max} |`,
      );
    }
  }
}

script(async () => {
  if (!linux) throw new Stop('The measurement needs Xvfb: it runs on Linux.');
  needRust();
  await systemPackages('build', 'bench');
  const python = await pythonPackages();
  await must('cargo', [
    'build',
    ...cargoNetwork(),
    '--release',
    '-p',
    'cafesentinel-engine',
    '--example',
    'bench_capture',
  ]);
  const program = join(targetDir(), 'release/examples/bench_capture');
  const folder = mkdtempSync(join(tmpdir(), 'cafesentinel-bench-'));
  const { xvfb, display } = await startXvfb();
  try {
    const env = {
      DISPLAY: display,
      PYTHONPATH: python,
      WAYLAND_DISPLAY: '',
      XDG_SESSION_TYPE: '',
      XDG_SESSION_ID: '',
    };
    const screens = { desktop: join(folder, 'desktop.png'), game: join(folder, 'game.png') };
    await must('python3', ['-c', PAINTER, screens.desktop, screens.game], { env });
    say(`${cpus().length} processors, load ${loadavg()[0].toFixed(1)}`);
    await compare(program, env, screens);
    if (isRoot) await beats(program, env);
    else say('SKIPPED: the beat needs a network of its own, and that needs root');
  } finally {
    xvfb.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
