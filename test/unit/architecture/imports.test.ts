import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';

/** What each part of the tree may import of the others, and which packages only some may name (docs/ARCHITECTURE.md). */
const RULES: readonly { from: string; ours: readonly string[]; notPackages?: readonly string[] }[] = [
  { from: 'common/oci', ours: ['common/oci'], notPackages: ['@grpc/grpc-js', 'pino', 'knex', 'undici'] },
  { from: 'common', ours: ['common', 'proto/gen'], notPackages: ['knex', 'undici', '@apollo/server', 'type-graphql'] },
  { from: 'proto/gen', ours: ['proto/gen'] },
  { from: 'schema', ours: ['schema'], notPackages: ['undici', '@grpc/grpc-js', '@apollo/server'] },
  {
    from: 'edge-http',
    ours: ['edge-http', 'common', 'proto/gen'],
    notPackages: [
      'undici',
      'knex',
      'better-sqlite3',
      'mysql2',
      '@google-cloud/storage',
      'graphql',
      '@apollo/server',
      'type-graphql',
    ],
  },
  {
    from: 'data-plane',
    ours: ['data-plane', 'common', 'proto/gen'],
    notPackages: ['knex', 'better-sqlite3', 'mysql2', 'graphql', '@apollo/server', 'type-graphql'],
  },
  {
    from: 'control-plane',
    ours: ['control-plane', 'common', 'proto/gen', 'schema'],
    notPackages: ['undici', '@google-cloud/storage'],
  },
  // The parent reads the planes' configuration, to name every problem at once; it runs them as processes.
  {
    from: 'standalone',
    ours: ['standalone', 'common', 'control-plane/src/config', 'data-plane/src/config', 'edge-http/src/config'],
  },
];

/**
 * Packages with one adapter each: everything else goes through a port (one folder knows the foreign API). undici has two, which share nothing: what
 * asks upstreams guards every address, what asks the bucket has the one that its operator named.
 */
const ADAPTERS: Readonly<Record<string, readonly string[]>> = {
  undici: ['data-plane/src/upstream', 'data-plane/src/store/gcs'],
  'better-sqlite3': ['control-plane/src/db'],
  mysql2: ['control-plane/src/db'],
  '@google-cloud/storage': ['data-plane/src/store/gcs'],
  '@node-rs/crc32': ['data-plane/src/store/gcs'],
  '@opentelemetry/api': ['common/tracing'],
  '@opentelemetry/core': ['common/tracing'],
  '@opentelemetry/sdk-trace': ['common/tracing'],
  '@opentelemetry/resources': ['common/tracing'],
  '@opentelemetry/exporter-trace-otlp-http': ['common/tracing'],
};

const root = packageRoot(__dirname);

interface Import {
  readonly file: string;
  readonly specifier: string;
  /** Path below the root, for an import of ours. */
  readonly target: string | undefined;
}

function importsBelow(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes(`${sep}node_modules`))
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const source = readFileSync(path, 'utf8');
      return [
        ...source.matchAll(
          /(?:^|\n)\s*(?:import|export)[^'"\n;]*?(?:from\s*)?['"]([^'"]+)['"]|(?:require|import)\(\s*['"]([^'"]+)['"]\s*\)|\n\} from '([^']+)'/g,
        ),
      ].map((match): Import => {
        const specifier = (match[1] ?? match[2] ?? match[3])!;
        const target = specifier.startsWith('.') ? relative(root, resolve(dirname(path), specifier)) : undefined;
        return { file: relative(root, path), specifier, target };
      });
    });
}

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
const packageOf = (specifier: string): string =>
  specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!;

describe('import rules', () => {
  it.each(RULES)('$from imports only what it may', ({ from, ours, notPackages = [] }) => {
    const imports = importsBelow(from);
    expect(imports.length).toBeGreaterThan(0);
    const wrong = imports.filter((one) =>
      one.target === undefined
        ? notPackages.includes(packageOf(one.specifier))
        : !ours.some((folder) => within(one.target!, folder)),
    );
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  it.each(Object.entries(ADAPTERS))('%s is named only by its adapter', (name, folders) => {
    const wrong = ['common', 'schema', 'control-plane', 'data-plane', 'edge-http', 'standalone']
      .flatMap(importsBelow)
      .filter((one) => one.target === undefined && packageOf(one.specifier) === name)
      .filter((one) => !folders.some((folder) => within(one.file, folder)));
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });

  it('end-to-end suites import nothing of the planes', () => {
    const wrong = importsBelow('test/e2e').filter((one) =>
      ['control-plane', 'data-plane', 'edge-http', 'schema'].some(
        (plane) => one.target !== undefined && within(one.target, plane),
      ),
    );
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });
});
