// Installs and builds if needed, then runs a file of dist/ in this process: `node bin/run.mjs
// standalone/src/main.js [arguments]`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

const [file] = process.argv.slice(2);
ensureInstalled();
ensureBuilt();
// The program sees its own name and arguments, as if it were started directly.
const program = join(root, 'dist', file);
process.argv.splice(1, 2, program);
await import(pathToFileURL(program).href);
