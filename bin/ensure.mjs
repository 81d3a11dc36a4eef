// Makes `npm start` and `npm test` sufficient on a fresh clone: installs packages if node_modules
// does not match the lock file, and builds if a source has changed. Downloads nothing but packages
// from the npm registry.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBuildInfo } from './build-info.mjs';
import { nativeBuildEnvironment } from './native-build.mjs';

/** Folder of package.json. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const SOURCES = [
  'common',
  'proto/gen',
  'schema',
  'control-plane',
  'data-plane',
  'edge-http',
  'standalone',
  'demo',
  'bench',
  'test/support',
  'test/chaos',
  'test/fuzz',
];
const stamp = join(root, 'dist', '.sources');

/**
 * Installs the packages of the lock file unless they are installed, and recompiles the native
 * package if it was compiled for another version of Node. Exits with a message if that fails.
 */
export function ensureInstalled() {
  if (!isSupported(process.versions.node))
    fail(`Layover needs Node 20.19, 22.12, 24 or newer; this is ${process.versions.node}.`);
  if (!installedIsCurrent()) {
    say('Installing packages (a minute or two the first time: the SQLite driver is compiled) …');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ...process.env, ...nativeBuildEnvironment() });
  } else if (!nativeIsLoadable()) {
    say(`Compiling the SQLite driver for Node ${process.versions.node} …`);
    run('npm', ['rebuild', 'better-sqlite3', '--loglevel=error'], { ...process.env, ...nativeBuildEnvironment() });
  }
}

/**
 * Returns true for the versions in "engines" of package.json. They can load ES modules with
 * require(), which some packages need.
 */
function isSupported(version) {
  const [major, minor] = version.split('.').map(Number);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
}

/**
 * Returns false if the driver was compiled for another version of Node, or not at all. Another
 * process checks: a process that failed to load a native module cannot load the next build of it.
 */
function nativeIsLoadable() {
  const file = join(root, 'node_modules', 'better-sqlite3', 'build', 'Release', 'better_sqlite3.node');
  return spawnSync(process.execPath, ['-e', 'require(process.argv[1])', file], { stdio: 'ignore' }).status === 0;
}

/**
 * Compiles to dist/ unless dist/ was built from exactly these sources. Writes the commit in either
 * case.
 */
export function ensureBuilt() {
  compile();
  writeBuildInfo(join(root, 'dist'));
}

function compile() {
  const state = sourceState();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  // The output of a renamed or removed source must not stay in dist/.
  if (existsSync(stamp) && removedSince(readFileSync(stamp, 'utf8'), state))
    rmSync(join(root, 'dist'), { recursive: true, force: true });
  say('Building …');
  run(
    process.execPath,
    [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.build.json')],
    process.env,
  );
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, state);
}

function installedIsCurrent() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(want).every(
    ([path, entry]) => path === '' || entry.optional === true || have[path]?.version === entry.version,
  );
}

function sourceState() {
  const lines = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((file) => line(join(root, file)));
  for (const folder of SOURCES) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && entry.name.endsWith('.ts')) lines.push(line(join(entry.parentPath, entry.name)));
    }
  }
  return lines.sort().join('\n');
}

function line(file) {
  return `${file.slice(root.length + 1)} ${createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16)}`;
}

function removedSince(before, now) {
  const names = new Set(now.split('\n').map((entry) => entry.split(' ')[0]));
  return before.split('\n').some((entry) => !names.has(entry.split(' ')[0]));
}

function run(command, args, env) {
  const done = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error) fail(`Could not run ${command}: ${done.error.message}`);
  if (done.status !== 0) fail(`${command} ${args.slice(0, 2).join(' ')} failed; its output is above.`);
}

function say(message) {
  process.stderr.write(`${message}\n`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
