import { existsSync } from 'node:fs';
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

test('both stages come from one pinned image, of a Node that package.json allows', () => {
  const images = stages.map((stage) => stage.split(/\s/)[0]);
  expect(new Set(images).size).toBe(1);
  expect(images[0]).toMatch(/^node:20\.(19|[2-9]\d)\.\d+-bookworm-slim$/);
});

test('what is copied from the repository is there', () => {
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
    .flatMap((line) => line.split(/\s+/).slice(1, -1));
  expect(copied.length).toBeGreaterThan(10);
  expect(copied.filter((path) => !existsSync(`${packageRoot()}/${path}`))).toEqual([]);
});

test('every folder that the build compiles is copied', () => {
  const { include } = JSON.parse(read('tsconfig.build.json')) as { readonly include: readonly string[] };
  const copied = stages[0]!
    .split('\n')
    .filter((line) => line.startsWith('COPY '))
    .flatMap((line) => line.split(/\s+/).slice(1, -1));
  const missing = include.filter((folder) => !copied.some((path) => folder === path || folder.startsWith(`${path}/`)));
  expect(missing).toEqual([]);
});

test('what runs is no root, and none of the tools that built it are there', () => {
  const last = stages.at(-1)!;
  expect(last).toMatch(/^USER (?!0)\d+:\d+$/m);
  expect(last).not.toMatch(/apt-get|g\+\+|npm /);
});
