import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../../common/runtime/package-root';
import { formatRun, publication, PUBLISHED, replaceGenerated } from '../../../../bench/src/publish/publish';
import type { SideBySideRun } from '../../../../bench/src/publish/run-result';
import { comparison, run } from '../support';

const MARKED = 'before\n\n<!-- npm run bench: begin. Do not edit. -->\n\nold\n\n<!-- npm run bench: end -->\n\nafter\n';

test('replaces the text between the markers and nothing else', () => {
  expect(replaceGenerated('README.md', MARKED, 'new')).toBe(MARKED.replace('old', 'new'));
  expect(replaceGenerated('README.md', MARKED.replace('\nold\n\n', ''), 'new')).toBe(MARKED.replace('old', 'new'));
});

test('a document without markers is named', () => {
  expect(() => replaceGenerated('README.md', 'text', 'new')).toThrow(/^README\.md has no lines/);
});

test('the section has figures, spread, bounds, references and reasons', () => {
  const references = [{ name: 'bare node:http', samples: [20_000] }];
  const { section } = publication(run({ comparisons: [comparison({ references })] }));
  expect(section).toContain(
    '| manifests by digest | requests/s | 1,300 (1,200–1,400) | 790 (700–800) | 1,000 (1,000–1,000) | – | 1.30 × |',
  );
  expect(section).toContain('| manifests by digest | bare node:http | 20,000 requests/s |');
  expect(section).toContain('| manifests by digest | zot | answered 404 |');
  expect(section).toContain('![manifests by digest](performance/manifests-by-digest.svg)');
  expect(section).toContain('2 × Test CPU');
});

test('the README has the medians', () => {
  const { readme } = publication(run());
  expect(readme).toContain('|  | Layover | distribution 2.8.2 | distribution 3.1.2 | zot |');
  expect(readme).toContain('| manifests by digest (requests/s) | 1,300 | 790 | 1,000 | – |');
});

test('a run is written with one line for each list of samples, and read back unchanged', () => {
  const text = formatRun(run());
  expect(text).toContain('"samples": [700, 790, 800]');
  expect(JSON.parse(text)).toEqual(run());
});

const read = (path: string): string => readFileSync(join(packageRoot(), path), 'utf8');
const isPublished = existsSync(join(packageRoot(), PUBLISHED.run));
const withRun = isPublished ? describe : describe.skip;
const withoutRun = isPublished ? test.skip : test;

withoutRun('nothing is generated as long as no run is published', () => {
  for (const document of [PUBLISHED.document, PUBLISHED.readme]) {
    const generated = read(document).split('<!-- npm run bench: begin. Do not edit. -->')[1]!;
    expect(generated.split('<!-- npm run bench: end -->')[0]!.trim()).toBe('');
  }
});

withRun('the published run', () => {
  const published = (): SideBySideRun => JSON.parse(read(PUBLISHED.run)) as SideBySideRun;

  test.each([
    [PUBLISHED.document, 'section'],
    [PUBLISHED.readme, 'readme'],
  ] as const)('%s is what `npm run bench -- --publish-again` writes', (document, part) => {
    const generated = publication(published())[part];
    expect(read(document)).toBe(replaceGenerated(document, read(document), generated));
  });

  test('the plots are those of the run', () => {
    const { plots } = publication(published());
    const names = readdirSync(join(packageRoot(), PUBLISHED.folder)).filter((name) => name.endsWith('.svg'));
    expect(names.sort()).toEqual([...plots.keys()].sort());
    for (const [name, svg] of plots) expect(read(`${PUBLISHED.folder}/${name}`)).toBe(svg);
  });

  test('the run is formatted as it is written', () => {
    expect(read(PUBLISHED.run)).toBe(formatRun(published()));
  });
});
