// Writes the files of an installation to an empty folder: the compiled programs, the protocol
// files, the production packages, the licence and the service files. No tests, benchmarks or build
// tools. The container image, the release archive and an installation under systemd are built this
// way.
//
//   node bin/package.mjs <folder> [--without-packages]
//
// Run `npm ci --ignore-scripts` first, because the TypeScript compiler is needed. With
// --without-packages, node_modules is left out.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeBuildInfo } from './build-info.mjs';
import { nativeBuildEnvironment } from './native-build.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  options: { 'without-packages': { type: 'boolean', default: false } },
  allowPositionals: true,
});
if (positionals.length !== 1) fail('Usage: node bin/package.mjs <folder> [--without-packages]');
const folder = resolve(positionals[0]);
if (existsSync(folder) && readdirSync(folder).length > 0) fail(`${folder} is not empty.`);
mkdirSync(folder, { recursive: true });

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
run(process.execPath, [compiler, '-p', 'tsconfig.product.json', '--outDir', join(folder, 'dist')], root);
writeBuildInfo(join(folder, 'dist'));
for (const path of [
  'LICENSE',
  'package.json',
  'package-lock.json',
  '.npmrc',
  'proto/layover',
  'bin/healthcheck.mjs',
  'deploy/nginx/nginx.conf.template',
  'deploy/systemd',
]) {
  cpSync(join(root, path), join(folder, path), { recursive: true });
}
if (!values['without-packages']) {
  run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], folder, { ...process.env, ...nativeBuildEnvironment() });
  removeDriverSources(join(folder, 'node_modules', 'better-sqlite3'));
}

/** Removes the sources of the SQLite driver and keeps the compiled driver. */
function removeDriverSources(driver) {
  for (const name of ['deps', 'src', 'binding.gyp']) rmSync(join(driver, name), { recursive: true, force: true });
  const build = join(driver, 'build');
  const kept = 'better_sqlite3.node';
  if (!existsSync(join(build, 'Release', kept))) fail('npm ci did not compile the SQLite driver.');
  for (const entry of readdirSync(build)) if (entry !== 'Release') rmSync(join(build, entry), { recursive: true });
  for (const entry of readdirSync(join(build, 'Release'))) {
    if (entry !== kept) rmSync(join(build, 'Release', entry), { recursive: true });
  }
}

function run(command, args, cwd, env = process.env) {
  const done = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error) fail(`Could not run ${command}: ${done.error.message}`);
  if (done.status !== 0) fail(`${command} ${args.slice(0, 2).join(' ')} failed; its output is above.`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
