// Writes schema/migrations/migrations.ts, the list of the migrations in that folder. A list is used
// instead of a scan at run time, so that a file that an earlier build left in dist is never used as
// a migration.
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'schema', 'migrations');
const outFile = process.argv[2] ?? join(folder, 'migrations.ts');
const names = readdirSync(folder)
  .filter((file) => /^\d{4}-.+\.ts$/.test(file))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();
const variable = (name) => `migration${name.slice(0, 4)}`;

writeFileSync(
  outFile,
  [
    "// Written by npm run generate:migrations from the files in this folder. Don't edit.",
    ...names.map((name) => `import * as ${variable(name)} from './${name}';`),
    '',
    '/** Every migration, oldest first. A released one is never changed or renamed. */',
    'export const MIGRATIONS = [',
    ...names.map((name) => `  { name: '${name}', ...${variable(name)} },`),
    '] as const;',
    '',
  ].join('\n'),
);
