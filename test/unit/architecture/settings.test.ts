import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { SETTINGS } from '../../../common/configuration/settings';
import { packageRoot } from '../../../common/runtime/package-root';

const root = packageRoot(__dirname);

/** Hand-written files that may name a variable. */
const PLACES = [
  '.ci',
  'Dockerfile',
  'README.md',
  'bench',
  'bin',
  'common',
  'control-plane',
  'data-plane',
  'demo',
  'deploy',
  'docker-compose.yml',
  'docs',
  'edge-http',
  'examples',
  'jest.config.js',
  'schema',
  'standalone',
  'test',
];

/** Suites about misspelled variables. */
const MISSPELT = [
  'test/unit/common/configuration/',
  'test/integration/control-plane/fsck/command.test.ts',
  'test/unit/standalone/config.test.ts',
  'test/integration/observe/unknown-variables.test.ts',
  'test/e2e/commands.test.ts',
];

/** Texts that stand for several variables. */
const PREFIXES = ['LAYOVER_PLANE_TLS', 'LAYOVER_EDGE_TLS', 'LAYOVER_CONTROL_TLS', 'LAYOVER_MASTER', 'LAYOVER_FEATURE'];

function filesIn(place: string): readonly string[] {
  if (statSync(join(root, place)).isFile()) return [join(root, place)];
  return readdirSync(join(root, place), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('environment variables', () => {
  const mentions = PLACES.flatMap(filesIn).flatMap((path) => {
    const file = relative(root, path);
    if (file === 'test/unit/architecture/settings.test.ts' || MISSPELT.some((one) => file.startsWith(one))) return [];
    const names = readFileSync(path, 'utf8').match(/\bLAYOVER_[A-Z0-9_]+/g) ?? [];
    return [...new Set(names)].map((name) => ({ file, name: name.replace(/_$/, '') }));
  });

  it('are declared in common/configuration if a file mentions them', () => {
    const isKnown = (name: string): boolean =>
      name in SETTINGS || name.startsWith('LAYOVER_TEST') || PREFIXES.includes(name);
    const unknown = mentions.filter(({ name }) => !isKnown(name)).map(({ file, name }) => `${file}: ${name}`);
    expect(unknown).toEqual([]);
  });

  it('of tests are not read by the product', () => {
    const product = ['common/', 'control-plane/', 'data-plane/', 'edge-http/', 'standalone/'];
    const wrong = mentions.filter(
      ({ file, name }) => name.startsWith('LAYOVER_TEST_') && product.some((folder) => file.startsWith(folder)),
    );
    expect(wrong).toEqual([]);
  });

  it('are mentioned outside of their declarations and documentation', () => {
    const used = new Set(mentions.filter(({ file }) => !/configuration/.test(file)).map(({ name }) => name));
    const declared = Object.values(SETTINGS).filter(({ kind, name }) => kind !== 'external' && /^LAYOVER_/.test(name));
    expect(declared.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
  });
});
