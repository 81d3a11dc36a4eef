// `npm test`: installs and builds when needed, then types, lint and every suite. With arguments: only jest, with them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

const args = process.argv.slice(2);
ensureInstalled();
ensureBuilt();
const bin = (...path) => join(root, 'node_modules', ...path);
const steps = [];
if (args.length === 0) {
  steps.push(['types', [bin('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json', '--noEmit']]);
  steps.push(['lint', [bin('eslint', 'bin', 'eslint.js'), '.']]);
  steps.push(['format', [bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.']]);
}
steps.push(['suites', [bin('jest', 'bin', 'jest.js'), ...args]]);
for (const [name, command] of steps) {
  if (name !== 'suites') process.stderr.write(`Checking ${name} …\n`);
  const done = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}
