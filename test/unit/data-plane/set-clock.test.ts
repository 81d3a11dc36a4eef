import { CircuitBreaker } from '../../../common/async/circuit-breaker';
import { mustDigest } from '../../../common/oci/digest';
import { TtlCache } from '../../../common/runtime/ttl-cache';
import { AttemptThrottle } from '../../../common/security/attempt-throttle';
import { DiskAccount } from '../../../data-plane/src/store/room/disk-account';
import { ContentUses } from '../../../data-plane/src/store/uses/content-uses';
import { TokenCache } from '../../../data-plane/src/upstream/auth/token-cache';
import { RequestLimits } from '../../../data-plane/src/upstream/http/request-limits';
import { digest } from '../../support/control-plane/builders';
import { TestClock } from '../../support/test-clock';

const JUMP = 400 * 86_400_000;
const MINUTE = 60_000;
const clock = new TestClock();

/**
 * What begins while the clock is 400 days ahead. The returned function tells whether it is still in
 * force.
 */
const BEGIN: Readonly<Record<string, () => () => boolean | Promise<boolean>>> = {
  'an open circuit': () => {
    const breaker = new CircuitBreaker({ clock, coolDown: { firstMs: MINUTE, maxMs: MINUTE } });
    breaker.open();
    return () => breaker.coolDownLeftMs > 0;
  },
  'a limit of an upstream': () => {
    const limits = new RequestLimits(clock);
    limits.exceeded('key', MINUTE);
    return () => {
      try {
        limits.assertOpen('key', 'the upstream');
        return false;
      } catch {
        return true;
      }
    };
  },
  'a blocked login': () => {
    const throttle = new AttemptThrottle(clock);
    const attempt = { client: 'a', account: 'org+ci', secret: 'wrong' };
    for (let count = 0; throttle.waitMs(attempt) === 0; count += 1)
      throttle.failed({ ...attempt, secret: `guess ${count}` });
    return () => throttle.waitMs(attempt) > 0;
  },
  'a remembered answer': () => {
    const cache = new TtlCache<string>(clock, 10);
    cache.set('key', 'answer', MINUTE);
    return () => cache.get('key') !== undefined;
  },
  'content that was just in use': () => {
    const uses = new ContentUses(clock);
    const used = mustDigest(digest('used'));
    uses.hold(used)();
    return () => uses.inUse(used);
  },
  'a reading of the disk': () => {
    let reads = 0;
    const account = new DiskAccount({ readFree: () => Promise.resolve(1000 + (reads += 1)), reserveBytes: 0, clock });
    const read = account.open().take(1);
    return async () => {
      await read;
      const before = reads;
      await account.open().take(1);
      return reads === before;
    };
  },
  'a token of an upstream': () => {
    const tokens = new TokenCache(clock);
    const { signal } = new AbortController();
    let issued = 0;
    const get = () =>
      tokens.get('key', () => Promise.resolve({ token: `token ${(issued += 1)}`, lifetimeMs: MINUTE }), signal);
    const first = get();
    return async () => (await first) === (await get());
  },
};

test.each(Object.entries(BEGIN))('%s ends in time although the clock is set back', async (_what, begin) => {
  clock.jump(JUMP);
  const isInForce = begin();
  await Promise.resolve();
  clock.jump(-JUMP);
  expect(await isInForce()).toBe(true);
  clock.advance(2 * MINUTE);
  expect(await isInForce()).toBe(false);
});
