// What the scripts share: running programs, missing system packages, what is already built.
// No dependencies: it has to work before the first `npm ci`.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const windows = process.platform === 'win32';
export const linux = process.platform === 'linux';
export const isRoot = process.getuid?.() === 0;
export const inCi = Boolean(process.env.CI) && process.env.CI !== 'false';

process.chdir(root);
// rustup's folder is not on the PATH of every shell, /usr/sbin (nft) not of every user.
process.env.PATH = [
  process.env.PATH,
  join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin'),
  ...(windows ? [] : ['/usr/sbin', '/sbin']),
].join(delimiter);

/** Ends the script with words instead of a stack. */
export class Stop extends Error {}

/** Runs `main`, turns a {@link Stop} into its message and exit code 1. */
export async function script(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}

export const say = (text) => console.log(`cafesentinel: ${text}`);

/** Whether the program is on the PATH. */
export function have(program) {
  const names = windows ? [`${program}.exe`, `${program}.cmd`, program] : [program];
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && names.some((name) => existsSync(join(folder, name))));
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15, SIGKILL: 9 };

/**
 * Runs a program in this terminal and gives back its exit code. A Ctrl-C in a terminal reaches
 * the whole group by itself; a signal sent to this process alone is passed on.
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'inherit',
      shell: windows && program === 'npm',
      ...options,
      env: { ...process.env, ...options.env },
    });
    const pass = (signal) => {
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
    const done = () => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, pass);
    };
    child.on('error', (error) => {
      done();
      reject(new Stop(`${program} does not start: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      done();
      resolve(code ?? 128 + (SIGNALS[signal] ?? 0));
    });
  });
}

/** Runs a program that has to succeed. */
export async function must(program, args, options) {
  const code = await run(program, args, options);
  if (code !== 0) throw new Stop(`failed (${code}): ${program} ${args.join(' ')}`);
}

/** Whether a program succeeds, in silence. */
export function quietly(program, args) {
  return (
    spawnSync(program, args, { stdio: 'ignore', shell: windows && program === 'npm' }).status === 0
  );
}

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
/** Debian package → whether it is already there. */
const PACKAGES = {
  build: {
    'build-essential': () => have('cc') && have('make') && existsSync('/usr/include/stdio.h'),
    'pkg-config': () => have('pkg-config'),
    'ca-certificates': () => existsSync(CERTIFICATES) || existsSync('/etc/pki/tls/certs'),
  },
  lab: {
    iproute2: () => have('ip'),
    nftables: () => have('nft'),
    fping: () => have('fping'),
    xvfb: () => have('Xvfb'),
    curl: () => have('curl'),
    jq: () => have('jq'),
  },
  browser: {
    chromium: () => ['chromium', 'chromium-browser', 'google-chrome'].some(have),
  },
  bench: {
    xvfb: () => have('Xvfb'),
    imagemagick: () => have('display'),
    iproute2: () => have('ip'),
    'python3-pip': () => quietly('python3', ['-m', 'pip', '--version']),
  },
};

/**
 * Sees to the system packages of the given groups: installs them when we may, else stops
 * and names the command. Off Linux there is nothing to do.
 */
export async function systemPackages(...groups) {
  if (!linux) return;
  const missing = groups.flatMap((group) =>
    Object.entries(PACKAGES[group])
      .filter(([, there]) => !there())
      .map(([name]) => name),
  );
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!have('apt-get')) {
    throw new Stop(
      `These are missing (Debian's names): ${missing.join(', ')}. Install them with your system's package manager and start again.`,
    );
  }
  if (!isRoot) {
    throw new Stop(
      `These are missing: ${missing.join(', ')}. Install them with\n  sudo ${command}`,
    );
  }
  say(`installing ${missing.join(', ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-o', 'DPkg::Lock::Timeout=600'];
  await must('apt-get', [...lock, 'update', '-q'], { env });
  await must('apt-get', [...lock, ...command.split(' ').slice(1)], { env });
}

/** Stops with the way out when Rust is missing. */
export function needRust() {
  if (have('cargo')) return;
  throw new Stop(
    windows
      ? 'Rust is missing. Install it from https://rustup.rs and start again in a new terminal.'
      : "Rust is missing. Install it with\n  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
  );
}

/** A digest of files and folders, names included. */
export function digest(paths) {
  const hash = createHash('sha256');
  const walk = (path) => {
    if (!existsSync(path)) return;
    const entries = tryReadDir(path);
    if (entries === null) {
      hash.update(relative(root, path)).update('\0').update(readFileSync(path)).update('\0');
    } else {
      for (const name of entries.sort()) walk(join(path, name));
    }
  };
  for (const path of paths) walk(join(root, path));
  return hash.digest('hex');
}

function tryReadDir(path) {
  try {
    return readdirSync(path);
  } catch (error) {
    if (error.code === 'ENOTDIR') return null;
    throw error;
  }
}

const stampFile = (name) => join(root, 'node_modules', `.cafesentinel-${name}`);
const stampIs = (name, value) =>
  existsSync(stampFile(name)) && readFileSync(stampFile(name), 'utf8') === value;
const stamp = (name, value) => {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stampFile(name), value);
};

/** `npm ci`, unless the modules already are those of the lock file. */
export async function npmModules() {
  const wanted = `${process.version} ${digest(['package.json', 'ui/package.json', 'package-lock.json'])}`;
  if (stampIs('modules', wanted)) return;
  say('fetching the modules of the page (npm ci)');
  await must('npm', ['ci', '--no-audit', '--no-fund']);
  stamp('modules', wanted);
}

/** Builds `ui/dist`, unless it is that of the sources. */
export async function buildPage() {
  const wanted = digest([
    'package-lock.json',
    'ui/index.html',
    'ui/package.json',
    'ui/public',
    'ui/src',
    'ui/svelte.config.js',
    'ui/tsconfig.json',
    'ui/vite.config.ts',
  ]);
  if (stampIs('page', wanted) && existsSync('ui/dist/index.html')) return;
  await npmModules();
  say('building the page');
  await must('npm', ['run', '--silent', 'build', '-w', 'ui', '--', '--logLevel', 'warn']);
  stamp('page', wanted);
}

let cratesAreHere = null;
/**
 * The flags by which cargo asks the network only when it has to: a second start needs none.
 */
export function cargoNetwork() {
  cratesAreHere ??= quietly('cargo', ['fetch', '--locked', '--offline']);
  return cratesAreHere ? ['--locked', '--offline'] : ['--locked'];
}

/** Where cargo puts what it builds. */
export function targetDir() {
  const out = spawnSync(
    'cargo',
    ['metadata', '--format-version', '1', '--no-deps', ...cargoNetwork()],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  if (out.status !== 0) throw new Stop(out.stderr.trim());
  return JSON.parse(out.stdout).target_directory;
}

/** Builds the program without a window and gives back its path. */
export async function buildHeadless(profile) {
  await must('cargo', [
    'build',
    ...cargoNetwork(),
    ...(profile === 'release' ? ['--release'] : []),
    '-p',
    'cafesentinel-engine',
    '--bin',
    'cafesentinel-headless',
  ]);
  return join(targetDir(), profile, `cafesentinel-headless${windows ? '.exe' : ''}`);
}

/** Runs the parts one after the other, all of them, and tells in the end how each went. */
export class Report {
  #rows = [];

  async part(name, work) {
    console.log(`\n── ${name} ${'─'.repeat(Math.max(3, 72 - name.length))}`);
    const began = Date.now();
    let result;
    try {
      const code = await work();
      result = code === 0 || code === undefined ? 'ok' : 'FAILED';
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      console.error(error.message);
      result = 'FAILED';
    }
    this.#rows.push({ name, result, seconds: (Date.now() - began) / 1000 });
    return result === 'ok';
  }

  /** What cannot run here says so; in CI that is a failure. */
  skip(name, why) {
    console.log(`\n── ${name} ${'─'.repeat(Math.max(3, 72 - name.length))}`);
    console.log(`SKIPPED: ${why}`);
    this.#rows.push({ name, result: inCi ? 'FAILED' : 'SKIPPED', seconds: 0, why });
  }

  /** Prints the summary; the exit code. */
  end() {
    console.log(`\n── summary ${'─'.repeat(65)}`);
    for (const { name, result, seconds, why } of this.#rows) {
      const note = why === undefined ? `${seconds.toFixed(1)} s` : `SKIPPED: ${why}`;
      console.log(`${result.padEnd(8)} ${name.padEnd(34)} ${note}`);
    }
    return this.#rows.some((row) => row.result === 'FAILED') ? 1 : 0;
  }
}
