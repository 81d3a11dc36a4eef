// `npm test`: installs and builds if needed, then checks types, imports, lint and format, and runs
// every suite.
// `npm test -- <arguments>`: runs only jest, with these arguments. If the first argument is a tier
// (unit, integration, security, chaos or e2e), only the suites of that tier run; the unit tier
// needs no build.
// The suites use a temporary folder. If they leave a process or a file behind, the run fails.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

/**
 * The jest projects of each tier. Projects that need a database server belong to the integration
 * tier.
 */
const TIERS = {
  unit: ['--selectProjects', 'unit'],
  integration: ['--ignoreProjects', 'unit', 'security', 'chaos', 'e2e'],
  security: ['--selectProjects', 'security'],
  chaos: ['--selectProjects', 'chaos'],
  e2e: ['--selectProjects', 'e2e'],
};

const args = process.argv.slice(2);
const tier = args[0] in TIERS ? args.shift() : undefined;
ensureInstalled();
if (tier !== 'unit') ensureBuilt();
const bin = (...path) => join(root, 'node_modules', ...path);
if (tier === undefined && args.length === 0) {
  check('types', [bin('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json', '--noEmit']);
  check('imports', [bin('dependency-cruiser', 'bin', 'dependency-cruise.mjs'), '.']);
  check('lint', [bin('eslint', 'bin', 'eslint.js'), '.']);
  check('format', [bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.']);
}

// Short, because the path of a unix socket is limited.
const folder = mkdtempSync(join(tmpdir(), 'lt-'));
// A database server that refuses to run as root runs as another user, which must be able to reach
// its folder in here.
chmodSync(folder, 0o711);
// Databases are kept in memory if there is enough of it, because their servers write a lot.
const databases = mkdtempSync(join(hasRoomInMemory() ? '/dev/shm' : tmpdir(), 'lt-'));
// The unit tier runs in its own workers: in a worker that ran other suites before, an open
// connection or timer of those suites would be attributed to a unit suite.
const runs = tier === undefined && args.length === 0 ? [TIERS.unit, ['--ignoreProjects', 'unit']] : [TIERS[tier] ?? []];
let suites = 0;
for (const projects of runs) {
  const environment = { ...process.env, TMPDIR: folder, LAYOVER_TEST_DATABASES: databases };
  const status = node([bin('jest', 'bin', 'jest.js'), ...args, ...projects], environment);
  if (suites === 0) suites = status;
}
const files = [folder, databases].flatMap((path) => readdirSync(path, { recursive: true })).slice(0, 20);
const left = [...processesBelow(folder), ...files.map((name) => `file ${name}`)];
if (left.length > 0)
  process.stderr.write(`The suites left processes or files behind:\n${left.map((what) => `  - ${what}\n`).join('')}`);
for (const path of [folder, databases]) rmSync(path, { recursive: true, force: true });
if (suites !== 0) process.exit(suites);
if (left.length > 0) process.exit(1);

function check(name, command) {
  process.stderr.write(`Checking ${name} …\n`);
  const status = node(command, process.env);
  if (status !== 0) process.exit(status);
}

function node(command, env) {
  return spawnSync(process.execPath, command, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
}

/** Returns true if /dev/shm has 4 GB of free space (Linux; 64 MB in many containers). */
function hasRoomInMemory() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 4e9;
  } catch {
    return false;
  }
}

/** Returns the processes whose environment names the folder (Linux; empty on other systems). */
function processesBelow(path) {
  let ids;
  try {
    ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return ids.flatMap((id) => {
    try {
      if (!readFileSync(`/proc/${id}/environ`, 'utf8').split('\0').includes(`TMPDIR=${path}`)) return [];
      return [`process ${id}: ${readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 120)}`];
    } catch {
      return [];
    }
  });
}
