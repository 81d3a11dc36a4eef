import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { anchorsOf, linksOf, proseOf } from './support/markdown';
import { read, textFiles } from './support/repository-files';

const documents = textFiles().filter((path) => path.endsWith('.md'));
/** Longest line of prose (docs/contributing/writing.md). */
const COLUMNS = 100;

/**
 * Returns the problem of a link in a document; undefined if it leads to an existing file and
 * heading.
 */
function brokenLink(from: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : normalize(join(dirname(from), decodeURIComponent(path)));
  if (!existsSync(join(packageRoot(), file))) return `${target}: there is no file ${file}`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return anchorsOf(read(file)).has(anchor) ? undefined : `${target}: ${file} has no heading #${anchor}`;
}

test('finds the documents of the repository', () => {
  expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/README.md', 'docs/design/fills.md']));
});

test.each(documents)('%s has only relative links to files and headings that exist', (path) => {
  const broken = linksOf(read(path)).flatMap(({ line, target }) => {
    const problem = brokenLink(path, target);
    return problem === undefined ? [] : [`${path}:${line} ${problem}`];
  });
  expect(broken).toEqual([]);
});

test.each(documents)('%s has no line of prose beyond 100 columns', (path) => {
  const long = proseOf(read(path))
    // Only the visible text of a link counts, because neither part of it can be broken.
    .filter(({ text }) => [...text.replace(/\]\([^)]*\)/g, ']')].length > COLUMNS)
    .map(({ number, text }) => `${path}:${number} ${text.slice(0, 60)}…`);
  expect(long).toEqual([]);
});

test('docs/README.md links to every document below docs', () => {
  const linked = new Set(linksOf(read('docs/README.md')).map(({ target }) => `docs/${target.split('#')[0]}`));
  const missing = documents.filter(
    (path) =>
      path.startsWith('docs/') && path !== 'docs/README.md' && !path.startsWith('docs/adr/') && !linked.has(path),
  );
  expect(missing).toEqual([]);
});

test('docs/adr/README.md links to every decision', () => {
  const linked = new Set(linksOf(read('docs/adr/README.md')).map(({ target }) => `docs/adr/${target}`));
  const missing = documents.filter((path) => /^docs\/adr\/\d/.test(path) && !linked.has(path));
  expect(missing).toEqual([]);
});
