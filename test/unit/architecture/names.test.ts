import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';

const root = packageRoot(__dirname);
const FOLDERS = ['common', 'control-plane', 'data-plane', 'edge-http', 'standalone', 'schema'];
const EXPORT = /^export (?:declare )?(?:abstract )?(?:async )?(?:class|interface|type|const|function\*?|enum) (\w+)/gm;

/**
 * Names that several planes export with the same meaning: planes do not import each other, so each
 * declares its own view of a message or its own entry point.
 */
const SHARED_MEANING: readonly string[] = [
  'ContentUse',
  'ManifestAnswer',
  'ProbeTarget',
  'RepositoryKey',
  'RequestContext',
  'ScanPolicy',
  'TagsPage',
  'configFromEnvironment',
];

/** Returns the files that export each name, below the sources of the product. */
function exportsByName(): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const folder of FOLDERS)
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      // Migrations all export `up` and `down`.
      if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.parentPath.endsWith('migrations')) continue;
      const path = join(entry.parentPath, entry.name);
      for (const [, name] of readFileSync(path, 'utf8').matchAll(EXPORT))
        names.set(name!, (names.get(name!) ?? new Set()).add(relative(root, path)));
    }
  return names;
}

test('an exported name has one meaning', () => {
  const names = exportsByName();
  expect(names.size).toBeGreaterThan(1000);
  const repeated = [...names].filter(([name, files]) => files.size > 1 && !SHARED_MEANING.includes(name));
  expect(repeated.map(([name, files]) => `${name}: ${[...files].join(', ')}`)).toEqual([]);
});

test('every name with a shared meaning is exported by several planes', () => {
  const names = exportsByName();
  const planesOf = (name: string): Set<string> =>
    new Set([...(names.get(name) ?? [])].map((file) => file.split('/', 1)[0]!));
  expect(SHARED_MEANING.filter((name) => planesOf(name).size < 2)).toEqual([]);
});
