// Runs the unit suites and one end-to-end pull on other versions of Node: `node
// bin/test-on-node.mjs 22 24`. Each version gets a copy of this checkout with its own packages,
// because native packages are compiled for one version. Arguments after `--` are passed to Jest
// instead of the default suites.
//
// Node itself comes from the npm registry, like the packages. Copies and packages stay in
// ~/.cache/layover for the next run.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { root } from './ensure.mjs';

/** Tested releases by major version. docs/operations.md lists them too. */
const RELEASES = { 22: '22.23.5', 24: '24.22.3' };
/** Arguments of bin/test.mjs, for one run after the other. */
const SUITES = [['unit'], ['e2e', 'real-clients']];
/** Folders of a copy that are kept between runs. */
const KEPT = ['node_modules', 'dist'];

const args = process.argv.slice(2);
const end = args.includes('--') ? args.indexOf('--') : args.length;
const versions = args.slice(0, end);
const suites = end < args.length ? [args.slice(end + 1)] : SUITES;
if (versions.length === 0)
  fail(`Usage: node bin/test-on-node.mjs ${Object.keys(RELEASES).join(' ')} [-- <jest arguments>]`);

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'layover');
const failed = versions.filter((version) => {
  const release =
    RELEASES[version] ??
    fail(`Node ${version} is not a tested version. Tested versions: ${Object.keys(RELEASES).join(' and ')}.`);
  process.stderr.write(`Node ${release}\n`);
  const node = installNode(release);
  const copy = join(cache, `checkout-on-${release}`);
  copyCheckout(copy);
  // npm and all child processes find this Node first.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const statuses = suites.map(
    (suite) => spawnSync(node, [join(copy, 'bin', 'test.mjs'), ...suite], { cwd: copy, env, stdio: 'inherit' }).status,
  );
  return statuses.some((status) => status !== 0);
});
if (failed.length > 0) fail(`Suites failed on Node ${failed.join(' and ')}.`);

/**
 * Returns the path of the node program and downloads it if it is not cached. Its C headers are next
 * to it.
 */
function installNode(release) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, `node-${release}`);
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    run('npm', [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--ignore-scripts',
      '--loglevel=error',
      `${name}@${release}`,
    ]);
  }
  return node;
}

/**
 * Replaces the contents of `copy` by the files of this checkout that Git tracks or would track. The
 * folders in KEPT stay.
 */
function copyCheckout(copy) {
  mkdirSync(copy, { recursive: true });
  for (const entry of readdirSync(copy))
    if (!KEPT.includes(entry)) rmSync(join(copy, entry), { recursive: true, force: true });
  const listed = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(root, name))))
    cpSync(join(root, file), join(copy, file));
}

function run(command, commandArgs) {
  const done = spawnSync(command, commandArgs, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.status !== 0) fail(`${command} ${commandArgs.slice(0, 2).join(' ')} failed.`);
  return done.stdout;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
