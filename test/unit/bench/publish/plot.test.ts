import { BARE_SERVER } from '../../../../bench/src/load/bare-server';
import { isPlotted, plot } from '../../../../bench/src/publish/plot';
import { comparison, run } from '../support';

const { programs } = run();

/** Returns an attribute of all elements with a class. */
function attributes(svg: string, css: string, name: string): number[] {
  return [...svg.matchAll(new RegExp(`class="${css}"[^>]* ${name}="([\\d.]+)"`, 'g'))].map(([, value]) =>
    Number(value),
  );
}

test('bars are as long as the medians', () => {
  const svg = plot(comparison(), programs);
  const [layover = 0] = attributes(svg, 'layover', 'width');
  const peers = attributes(svg, 'peer', 'width');
  expect(peers).toHaveLength(2);
  expect(peers[0]! / layover).toBeCloseTo(790 / 1300, 2);
  expect(peers[1]! / layover).toBeCloseTo(1000 / 1300, 2);
});

test('the dashed line is at the strictest bound, within the picture', () => {
  const [x = 0] = attributes(plot(comparison({ layover: [10] }), programs), 'bound', 'x1');
  const [right = 0] = attributes(plot(comparison({ layover: [1300] }), programs), 'bound', 'x1');
  expect(x).toBeLessThan(720);
  expect(x).toBe(right);
});

test('a plot has names, figures, and a dark style', () => {
  const svg = plot(comparison({ title: 'a < b & "c"' }), programs);
  expect(svg).toContain('<title>a &lt; b &amp; &quot;c&quot;</title>');
  for (const text of ['>Layover<', '>distribution 3.1.2<', '>1,300<', '>must: 1,300<', '(prefers-color-scheme: dark)'])
    expect(svg).toContain(text);
});

test('a direct download is drawn, and the bare server is not, because it would make all bars short', () => {
  const references = ['direct download', BARE_SERVER].map((name) => ({ name, samples: [1_000_000] }));
  const svg = plot(comparison({ references }), programs);
  expect(svg).toContain('>direct download<');
  expect(svg).not.toContain(BARE_SERVER);
});

test('only zeros are drawn without bars', () => {
  const peers = [{ peer: 'zot', samples: [0] }] as const;
  const svg = plot(comparison({ id: 'replay-rate', layover: [0], peers }), programs);
  expect(attributes(svg, 'layover', 'width')).toEqual([0]);
});

test('a comparison without measured peers has no plot', () => {
  expect(isPlotted(comparison())).toBe(true);
  expect(isPlotted(comparison({ peers: [{ peer: 'zot', missing: 'answered 404' }] }))).toBe(false);
});
