import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { formatBuildInfo } from '../../../common/runtime/build-info';
import { send } from '../../support/real/http-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../../support/real/layover';
import { mustRun, runProgram } from '../../support/real/run-program';
import { startServerProgram } from '../../support/real/server-program';
import { type TemporaryFolder, temporaryFolder } from '../../support/real/temporary-folder';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: true; readonly devOptional?: true }>>;
}

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
/** The user "nobody", which runs the product if the tests run as root. */
const NOBODY = 65534;
const root = packageRoot();
let folder: TemporaryFolder;
let product: string;
let home: string;

/** Copies the packages that `npm ci --omit=dev` would install, without asking a registry. */
function copyProductionPackages(to: string): void {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const production = Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional && existsSync(join(root, path)))
    .map(([path]) => path);
  for (const path of production) {
    cpSync(join(root, path), join(to, path), {
      recursive: true,
      filter: (source) => !relative(join(root, path), source).split('/').includes('node_modules'),
    });
  }
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .sort();
}

/** Returns the command that runs a program of the product as a user that owns none of its files. */
function unprivileged(args: readonly string[]): readonly [file: string, args: readonly string[]] {
  if (process.getuid?.() !== 0) return [process.execPath, args];
  const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return ['setpriv', [...ids, process.execPath, ...args]];
}

beforeAll(async () => {
  folder = await temporaryFolder('product');
  product = join(folder.path, 'layover');
  home = join(folder.path, 'home');
  mkdirSync(home, { mode: 0o700 });
  if (process.getuid?.() === 0) {
    chownSync(home, NOBODY, NOBODY);
    // Other users need the execute permission to open files below the folder.
    spawnSync('chmod', ['711', folder.path]);
  }
  await mustRun(process.execPath, [join(root, 'bin', 'package.mjs'), product, '--without-packages'], {
    env: { PATH: process.env.PATH, LAYOVER_COMMIT: COMMIT },
    timeoutMs: 280_000,
  });
  copyProductionPackages(product);
}, 300_000);

afterAll(() => folder?.remove());

test('the product contains programs, protocol files, license and service, and no development files', () => {
  const files = filesBelow(product);
  expect(files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'package.json',
      'bin/healthcheck.mjs',
      'deploy/nginx/nginx.conf.template',
      'deploy/systemd/layover.service',
      'dist/build-info.json',
      'dist/standalone/src/main.js',
      'dist/control-plane/src/fsck/main.js',
      'proto/layover/v1/catalog.proto',
    ]),
  );
  expect(files.filter((file) => /\.(ts|map|tsbuildinfo)$|^(dist\/)?(test|bench|demo|docs)\//.test(file))).toEqual([]);
  expect(existsSync(join(product, 'bin', 'ensure.mjs'))).toBe(false);
});

test('every package that the programs import is a production dependency', () => {
  const { dependencies } = JSON.parse(readFileSync(join(product, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const named = new Set<string>();
  for (const file of filesBelow(join(product, 'dist')).filter((name) => name.endsWith('.js'))) {
    const source = readFileSync(join(product, 'dist', file), 'utf8');
    for (const [, name] of source.matchAll(/\b(?:require|import)\("([^."][^"]*)"\)/g)) named.add(name!);
  }
  const packages = [...named]
    .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)![0]);
  expect(packages.length).toBeGreaterThan(10);
  expect(packages.filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
});

test('each program runs from the product without a compiler, git or npm', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  for (const plane of ['standalone', 'edge-http', 'data-plane', 'control-plane', 'control-plane/src/fsck']) {
    const main = plane.includes('/') ? plane : `${plane}/src`;
    const [file, args] = unprivileged([join(product, 'dist', main, 'main.js'), '--version']);
    const result = await runProgram(file, args, { env: { PATH: '/usr/bin:/bin' }, cwd: '/' });
    expect([plane, result.stderr, result.stdout.toString()]).toEqual([
      plane,
      '',
      `layover ${formatBuildInfo({ version, commit: COMMIT })}\n`,
    ]);
  }
}, 60_000);

test('the product serves as another user, writes to its home only, and stops cleanly', async () => {
  const before = filesBelow(product);
  const [file, args] = unprivileged([join(product, 'dist/standalone/src/main.js')]);
  const server = await startServerProgram(file, args, {
    env: { ...layoverEnvironment(home), PATH: '/usr/bin:/bin' },
    cwd: '/',
    ready: /Layover is ready: registry (\S+), GraphQL (\S+),/,
    readyTimeoutMs: 60_000,
  });
  try {
    const [, registry, graphql] = server.readyMatch;
    // Without a public organization, a client has to authenticate.
    expect((await send({ url: `${registry}/v2/` })).status).toBe(401);
    const health = await runProgram(process.execPath, [join(product, 'bin/healthcheck.mjs'), `${registry}/readyz`], {
      env: {},
    });
    expect([health.code, health.stderr]).toEqual([0, '']);
    const answer = await fetch(graphql!, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ buildInfo { version commit } }' }),
    });
    expect(await answer.json()).toMatchObject({ data: { buildInfo: { commit: COMMIT } } });
  } finally {
    expect(await server.stop(60_000)).toEqual({ code: 0, signal: null });
  }
  const starts = server.output().match(/"commit":"\w+","nodeVersion":"[\d.]+","msg":"Layover [\d.]+ is starting"/g);
  expect(starts).toEqual(Array.from({ length: 3 }, () => expect.stringContaining(COMMIT) as unknown));
  expect(filesBelow(product)).toEqual(before);
  expect(readdirSync(home)).toContain('layover.sqlite');
}, 120_000);
