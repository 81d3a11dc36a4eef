import { EventEmitter } from 'node:events';
import { createLogger } from '../../../../common/runtime/logger';
import type { ConfigurationFeed } from '../../../../control-plane/src/catalog/configuration-feed';
import type { Invalidation } from '../../../../control-plane/src/cache/content/invalidation.store';
import type { InvalidationFeed } from '../../../../control-plane/src/catalog/invalidation-feed';
import { WatchStreams } from '../../../../control-plane/src/catalog/watch';
import type { WatchReply } from '../../../../proto/gen/layover/v1/WatchReply';
import { TestClock } from '../../../support/test-clock';

/** A call whose reader accepts `room` messages, and more only when the test calls `read`. */
class SlowCall extends EventEmitter {
  readonly request = { node: 'slow', knownRevision: 0 };
  readonly sent: WatchReply[] = [];
  ended = false;

  constructor(private room: number) {
    super();
  }

  write(reply: WatchReply): boolean {
    this.sent.push(reply);
    return --this.room > 0;
  }

  end(): void {
    this.ended = true;
  }

  read(count: number): void {
    this.room = count;
    this.emit('drain');
  }
}

const forget = (n: number): Invalidation => ({ organizationUid: 'acme', repository: 'app', tag: `t${n}`, digest: '' });
const many = (from: number, count: number) => Array.from({ length: count }, (_, n) => forget(from + n));
const snapshot = { revision: 1, organizations: [], tokenKeys: [] };

function open(room: number) {
  let tell: (found: readonly Invalidation[]) => void = () => undefined;
  const subscribed = { feed: 0, invalidations: 0 };
  const feed = {
    current: () => snapshot,
    subscribe: () => {
      subscribed.feed += 1;
      return () => (subscribed.feed -= 1);
    },
  } as unknown as ConfigurationFeed;
  const invalidations = {
    subscribe: (listener: typeof tell) => {
      subscribed.invalidations += 1;
      tell = listener;
      return () => (subscribed.invalidations -= 1);
    },
  } as unknown as InvalidationFeed;
  const streams = new WatchStreams(feed, invalidations, new TestClock(), createLogger('test', 'silent'));
  const call = new SlowCall(room);
  streams.serve(call as unknown as Parameters<WatchStreams['serve']>[0]);
  return { streams, call, tell: (found: readonly Invalidation[]) => tell(found), subscribed };
}

const tagsOf = (call: SlowCall) => call.sent.flatMap((reply) => (reply.invalidation ? [reply.invalidation.tag] : []));

test('WatchStreams sends a temporarily slow reader everything in order', () => {
  const { call, tell } = open(3);
  tell(many(0, 10));
  expect(tagsOf(call)).toEqual(['t0', 't1']);
  call.read(5);
  tell(many(10, 2));
  expect(tagsOf(call)).toEqual(['t0', 't1', 't2', 't3', 't4', 't5', 't6']);
  call.read(100);
  expect(tagsOf(call)).toEqual(Array.from({ length: 12 }, (_, n) => `t${n}`));
  expect(call.ended).toBe(false);
});

test('WatchStreams ends the stream of a reader that reads nothing, and releases its subscriptions', () => {
  const { streams, call, tell, subscribed } = open(1);
  for (let n = 0; n < 20_000; n += 2000) tell(many(n, 2000));
  expect(call.ended).toBe(false);
  expect(call.sent).toHaveLength(1);
  tell([forget(20_000)]);
  expect(call.ended).toBe(true);
  expect(streams.size).toBe(0);
  expect(subscribed).toEqual({ feed: 0, invalidations: 0 });
});
