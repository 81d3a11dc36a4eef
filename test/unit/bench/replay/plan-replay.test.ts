import { zipf } from '../../../../bench/src/replay/draw';
import { planReplay } from '../../../../bench/src/replay/plan-replay';
import { layerBytesAt } from '../../../../bench/src/replay/registry-mix';
import { seededRandom } from '../../../support/seeded-random';

const SIZE = { images: 40, layersPerImage: 3, requests: 20_000, largestLayer: 2 ** 40 };
const plan = planReplay(SIZE);
const sizes = plan.images.flatMap(({ layers }) => layers.map(({ tarBytes }) => tarBytes));
const share = (count: number, of: number): number => count / of;

test('sizes of layers are those published', () => {
  expect(share(sizes.filter((bytes) => bytes < 1e6).length, sizes.length)).toBeCloseTo(0.65, 2);
  expect(share(sizes.filter((bytes) => bytes < 10e6).length, sizes.length)).toBeCloseTo(0.8, 2);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024 * 1024);
  const mean = Array.from({ length: 10_000 }, (_, nth) => layerBytesAt((nth + 0.5) / 10_000));
  expect(mean.reduce((sum, bytes) => sum + bytes, 0) / 10_000 / 1e6).toBeCloseTo(14, 0);
});

test('layers are tars: multiples of 512 bytes, and four blocks at least', () => {
  expect(sizes.filter((bytes) => bytes % 512 !== 0 || bytes < 2048)).toEqual([]);
});

test('12.3 percent of the requests are HEAD, and the others are as published', () => {
  const of = (chosen: (typeof plan.requests)[number]['kind']): number =>
    plan.requests.filter((request) => request.kind === chosen && !('method' in request && request.method === 'HEAD'))
      .length;
  const heads = plan.requests.filter((request) => 'method' in request && request.method === 'HEAD').length;
  const gets = SIZE.requests - heads;
  expect(share(heads, SIZE.requests)).toBeCloseTo(0.123, 1);
  expect(share(of('layer'), gets)).toBeCloseTo(259_274 / 725_242, 1);
  expect(share(of('manifest'), gets)).toBeCloseTo(132_610 / 725_242, 1);
  expect(share(of('ping'), gets)).toBeCloseTo(333_358 / 725_242, 1);
});

test('the same size gives the same plan', () => {
  expect(planReplay(SIZE)).toEqual(plan);
});

test('a smaller largest layer cuts layers only', () => {
  const cut = planReplay({ ...SIZE, largestLayer: 1024 * 1024 });
  expect(cut.requests).toEqual(plan.requests);
  expect(Math.max(...cut.images.flatMap(({ layers }) => layers.map(({ tarBytes }) => tarBytes)))).toBe(1024 * 1024);
});

test('a Zipf law draws rank n in proportion to 1 / n to the power of its exponent', () => {
  const draw = zipf(10, 1, seededRandom(1));
  const counts = Array.from({ length: 10 }, () => 0);
  for (let nth = 0; nth < 100_000; nth += 1) counts[draw()]! += 1;
  expect(counts[0]! / counts[1]!).toBeCloseTo(2, 1);
  expect(counts[0]! / counts[3]!).toBeCloseTo(4, 0);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100_000);
});
