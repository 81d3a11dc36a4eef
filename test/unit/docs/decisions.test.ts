import { read, textFiles } from './support/repository-files';

const decisions = textFiles('docs/adr').filter((path) => /^docs\/adr\/\d{4}-/.test(path));

test('numbers decisions without gaps', () => {
  expect(decisions.map((path) => Number(path.slice('docs/adr/'.length, 'docs/adr/'.length + 4)))).toEqual(
    decisions.map((_path, index) => index + 1),
  );
});

test.each(decisions)('%s has its number, a status, a context, a decision and consequences', (path) => {
  const text = read(path);
  const number = Number(path.slice('docs/adr/'.length, 'docs/adr/'.length + 4));
  expect(text.startsWith(`# ${number}. `)).toBe(true);
  expect(text).toMatch(/^\*\*Status:\*\* (?:accepted|superseded by \[ADR \d+\]\(.+\))/m);
  expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading).slice(0, 3)).toEqual([
    'Context',
    'Decision',
    'Consequences',
  ]);
});
