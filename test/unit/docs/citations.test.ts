import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { anchorsOf } from './support/markdown';
import { read, textFiles } from './support/repository-files';

/** A reference to a document in a file. */
interface Citation {
  readonly place: string;
  readonly text: string;
  readonly path: string;
  readonly anchor: string | undefined;
}

const files = textFiles().map((path) => ({ path, text: read(path) }));
const decisions = new Map(
  files.flatMap(({ path }) => {
    const number = /^docs\/adr\/(\d{4})-/.exec(path)?.[1];
    return number === undefined ? [] : [[Number(number), path] as const];
  }),
);

/** Patterns of former citations of documents outside the repository. */
const OUTSIDE: readonly RegExp[] = [
  /\barchitecture,?[\s*/]+sections?[\s*/]+\d/i,
  /\btraps?[\s*/]+T\d/,
  /\blibrary[\s*/-]+facts\b/i,
];

/** Returns `path:line` of a position in a text. */
function placeOf(path: string, text: string, index: number): string {
  return `${path}:${text.slice(0, index).split('\n').length}`;
}

/** Returns every match of a pattern, as `path:line match`. */
function matchesOf(pattern: RegExp): readonly string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(new RegExp(pattern, `${pattern.flags}g`))].map(
      (match) => `${placeOf(path, text, match.index)} ${match[0].replace(/\s+/g, ' ')}`,
    ),
  );
}

/** Returns citations of `docs/…` outside of Markdown. Another test checks links in Markdown. */
function citations(): readonly Citation[] {
  return files
    .filter(({ path }) => !path.endsWith('.md') && !path.startsWith('test/unit/docs/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/([A-Za-z0-9_./-]+?\.md)(?:#([A-Za-z0-9_-]+))?/g)].map((match) => ({
        place: placeOf(path, text, match.index),
        text: match[0],
        path: `docs/${match[1]!}`,
        anchor: match[2],
      })),
    );
}

test.each(OUTSIDE)('no text cites a document outside the repository: %s', (pattern) => {
  expect(matchesOf(pattern)).toEqual([]);
});

test('code cites only documents and headings that exist', () => {
  const found = citations();
  expect(found.length).toBeGreaterThan(100);
  const broken = found.flatMap(({ place, text, path, anchor }) => {
    if (!existsSync(join(packageRoot(), path))) return [`${place} ${text}: there is no file ${path}`];
    return anchor === undefined || anchorsOf(read(path)).has(anchor) ? [] : [`${place} ${text}: no such heading`];
  });
  expect(broken).toEqual([]);
});

test('every cited decision exists', () => {
  const broken = files
    .filter(({ path }) => !path.startsWith('test/unit/docs/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\bADRs?[\s*]+(\d{1,4}(?:(?:, | and |, and )\d{1,4})*)\b|\bdocs\/adr\/(\d{4})\b/g)].flatMap(
        (match) =>
          (match[1] ?? match[2]!)
            .split(/\D+/)
            .filter((number) => !decisions.has(Number(number)))
            .map((number) => `${placeOf(path, text, match.index)} decision ${number}`),
      ),
    );
  expect(broken).toEqual([]);
});

test('a folder of documents is not cited instead of a document', () => {
  // "docs/adr, many nodes" leaves the search to the reader.
  const vague = matchesOf(/\/[/*][^\n]*\bdocs\/(?:adr|design)\b(?!\/)/).filter((text) => !text.startsWith('test/'));
  expect(vague).toEqual([]);
});

test('comment lines end at 100 columns', () => {
  const scripts = files.filter(({ path }) => /\.(?:ts|mjs|cjs)$/.test(path));
  expect(scripts.length).toBeGreaterThan(500);
  const long = scripts.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, at) => (line.length > 100 && /^\s*(?:\/\/|\/?\*)/.test(line) ? [`${path}:${at + 1}`] : [])),
  );
  expect(long).toEqual([]);
});
