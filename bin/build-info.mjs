// Writes the commit of a build to build-info.json, which the programs read at start-up
// (common/runtime/build-info.ts). LAYOVER_COMMIT names the commit if there is no git checkout, as
// in a container build. Runs after every build: node bin/build-info.mjs [build folder]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Writes `<folder>/build-info.json`, unless it already names this commit. */
export function writeBuildInfo(folder) {
  const file = join(folder, 'build-info.json');
  const text = `${JSON.stringify({ commit: findCommit() })}\n`;
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(folder, { recursive: true });
  // Renamed into place, because several programs may start from one checkout at the same time.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}

function findCommit() {
  const told = process.env.LAYOVER_COMMIT?.trim();
  if (told) {
    if (!/^[0-9a-f]{40}(-dirty)?$/.test(told)) throw new Error(`LAYOVER_COMMIT must be 40 hex digits, not "${told}".`);
    return told;
  }
  // git would report the commit of an enclosing repository.
  if (!existsSync(join(root, '.git'))) return 'unknown';
  const git = spawnSync('git', ['describe', '--always', '--abbrev=40', '--dirty', '--exclude=*'], {
    cwd: root,
    encoding: 'utf8',
  });
  return git.status === 0 ? git.stdout.trim() : 'unknown';
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeBuildInfo(resolve(process.argv[2] ?? join(root, 'dist')));
}
