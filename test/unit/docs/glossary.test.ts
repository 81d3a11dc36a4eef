import { read, textFiles } from './support/repository-files';

/** Pairs of a term and an identifier in its column "in the code". */
const cited = read('docs/glossary.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| term '))
  .flatMap((line) => {
    const [, term = '', , code = ''] = line.split('|');
    return [...code.matchAll(/`([\w./-]+)`/g)].map(([, name]) => [term.trim(), name!] as const);
  });

const code = textFiles()
  .filter((path) => /\.(?:ts|proto)$/.test(path) && !path.startsWith('test/'))
  .map((path) => `${path}\n${read(path)}`)
  .join('\n');

test.each(cited)('the glossary names code that exists for %s: %s', (_term, name) => {
  expect(new RegExp(`\\b${name.replace(/[.]/g, '\\.')}\\b`).test(code)).toBe(true);
});

test('the glossary names code for most terms', () => {
  expect(cited.length).toBeGreaterThan(30);
});
