import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { read } from '../../support/deployments';

const lines = read('Dockerfile')
  .replace(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const stages = lines
  .join('\n')
  .split(/^FROM /m)
  .slice(1);
const packageScript = read('bin/package.mjs');

/** Returns the paths that a stage copies from the repository. */
function copiedBy(stage: string): string[] {
  return stage
    .split('\n')
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
    .flatMap((line) => line.split(/\s+/).slice(1, -1));
}

const covers = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`);
const productFolders = (JSON.parse(read('tsconfig.product.json')) as { readonly include: readonly string[] }).include;

test('both stages use one pinned image of Node 24', () => {
  const images = stages.map((stage) => stage.split(/\s/)[0]);
  expect(images).toHaveLength(2);
  expect(new Set(images).size).toBe(1);
  expect(images[0]).toMatch(/^node:24\.\d+\.\d+-bookworm-slim$/);
});

test('every copied path exists and is not excluded by .dockerignore', () => {
  const copied = copiedBy(stages[0]!);
  expect(copied.length).toBeGreaterThan(10);
  expect(copied.filter((path) => !existsSync(join(packageRoot(), path)))).toEqual([]);
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  expect(copied.filter((path) => !allowed.some((folder) => covers(folder, path)))).toEqual([]);
});

test('every file that the build reads is copied', () => {
  const read_ = [...packageScript.matchAll(/^ {2}'([^']+)',$/gm)].map(([, path]) => path!);
  expect(read_).toContain('proto/layover');
  const needed = [...productFolders, ...read_, 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.product.json', 'bin'];
  const copied = copiedBy(stages[0]!);
  expect(needed.filter((path) => !copied.some((folder) => covers(folder, path)))).toEqual([]);
});

test('the image contains only the product, without tests, benchmarks, demo and sources', () => {
  expect(copiedBy(stages[1]!)).toEqual([]);
  expect(stages[1]).toMatch(/^COPY --from=build \/opt\/layover \.\/$/m);
  expect(stages[0]).toMatch(/^RUN node bin\/package\.mjs \/opt\/layover$/m);
  for (const folder of [...copiedBy(stages[0]!), ...productFolders])
    expect(folder).not.toMatch(/^(test|bench|demo|docs|examples)\b/);
});

test('the image runs as an unprivileged user and has no build tools', () => {
  expect(stages[1]).toMatch(/^USER (?!0)\d+:\d+$/m);
  expect(stages[1]).not.toMatch(/apt-get|g\+\+|npm /);
});

test('the commit is a build argument', () => {
  expect(stages[0]).toMatch(/^ARG LAYOVER_COMMIT=""$/m);
  expect(stages[0]!.indexOf('ARG LAYOVER_COMMIT')).toBeLessThan(stages[0]!.indexOf('bin/package.mjs'));
});

test('commands of the image, of Docker Compose and of the service start programs that are compiled', () => {
  const files = ['Dockerfile', 'docker-compose.yml', 'deploy/systemd/layover.service'];
  const programs = files.flatMap((file) => [...read(file).matchAll(/dist\/([\w/-]+)\.js/g)].map(([, path]) => path!));
  expect(programs.length).toBeGreaterThanOrEqual(5);
  const missing = programs.filter(
    (path) => !existsSync(join(packageRoot(), `${path}.ts`)) || !productFolders.includes(path.split('/')[0]!),
  );
  expect(missing).toEqual([]);
});

test('the licence in package.json matches LICENSE', () => {
  const { license } = JSON.parse(read('package.json')) as { readonly license: string };
  expect(license).toBe('Apache-2.0');
  const text = readFileSync(join(packageRoot(), 'LICENSE'), 'utf8');
  expect(text).toMatch(/^\s+Apache License\n\s+Version 2\.0, January 2004\n/);
  expect(text).toContain('END OF TERMS AND CONDITIONS');
});
