import { formatComparisons, formatMissing, formatTable } from '../../../bench/src/report';
import { comparison, run } from './support';

const { programs } = run();

test('a comparison has a column for each program, with medians and quartiles', () => {
  const [heading, , line] = formatComparisons([comparison()], programs).split('\n');
  expect(heading!.split(/ {2,}/)).toEqual([
    'measure',
    'unit',
    'Layover',
    'distribution 2.8.2',
    'distribution 3.1.2',
    'zot',
    'ratio to best',
    'must',
    'towards',
  ]);
  expect(line!.split(/ {2,}/)).toEqual([
    'manifests by digest',
    'requests/s',
    '1,300 (1,200–1,400)',
    '790 (700–800)',
    '1,000 (1,000–1,000)',
    '–',
    '1.30 ×',
    '≥ 1.3 × distribution 3.1.2 ✓, ≥ 1 × zot',
    'PASS',
    '≥ 10,000 ✗',
  ]);
});

test('a reference is a line of its own below the comparison', () => {
  const references = [{ name: 'bare node:http', samples: [20_000] }];
  expect(formatComparisons([comparison({ references })], programs).split('\n')[3]).toMatch(
    /^ {2}bare node:http +requests\/s +20,000$/,
  );
});

test('the reason of a peer without a figure is printed', () => {
  expect(formatMissing([comparison()], programs)).toEqual(['– manifests by digest: zot answered 404']);
});

test('a row of Layover alone shows its reference, the ratio and whether its bound holds', () => {
  const row = { measure: 'nodes', unit: 'GB/s', layover: 3, bound: '>= 2', holds: true };
  const lines = formatTable([
    { ...row, reference: { name: '1 node', value: 2 } },
    { ...row, holds: false },
  ]).split('\n');
  expect(lines.slice(2).map((line) => line.split(/ {2,}/))).toEqual([
    ['nodes', 'GB/s', '3.00', '1 node 2.00', '1.50', '>= 2', 'PASS'],
    ['nodes', 'GB/s', '3.00', '-', '-', '>= 2', 'BELOW'],
  ]);
});
