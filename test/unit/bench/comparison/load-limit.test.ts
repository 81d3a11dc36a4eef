import { isNearLoadLimit } from '../../../../bench/src/comparison/load-limit';
import { BARE_SERVER } from '../../../../bench/src/load/bare-server';
import { comparison } from '../support';

const withBareServer = (rate: number) => comparison({ references: [{ name: BARE_SERVER, samples: [rate] }] });

test('the load client is near its limit if a program reaches more than 70 percent of the bare server', () => {
  expect(isNearLoadLimit(withBareServer(1800))).toBe(true);
  expect(isNearLoadLimit(withBareServer(1900))).toBe(false);
});

test('a peer counts like Layover', () => {
  const peers = [{ peer: 'zot', samples: [1500] }] as const;
  expect(isNearLoadLimit({ ...withBareServer(1900), peers })).toBe(true);
});

test('without the bare server nothing is known', () => {
  expect(isNearLoadLimit(comparison())).toBe(false);
});
