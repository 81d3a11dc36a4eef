import { Deferred } from '../../../../common/async/deferred';
import { createLogger } from '../../../../common/runtime/logger';
import { ConfigurationFeed } from '../../../../control-plane/src/catalog/configuration-feed';
import { InvalidationFeed } from '../../../../control-plane/src/catalog/invalidation-feed';
import type { InvalidationStore } from '../../../../control-plane/src/cache/content/invalidation.store';
import type { Queries } from '../../../../control-plane/src/db/database';
import { TestClock } from '../../../support/test-clock';

/** A database whose reads end when the test calls `answer`. */
class SlowReads {
  readonly begun: Deferred[] = [];
  failing = false;
  announce: () => Promise<void> = () => Promise.resolve();

  readonly onAnnounce = (listener: () => Promise<void>): (() => void) => {
    this.announce = listener;
    return () => (this.announce = () => Promise.resolve());
  };

  async read(): Promise<void> {
    const answer = new Deferred();
    this.begun.push(answer);
    await answer.promise;
    if (this.failing) throw new Error('the database is unavailable');
  }

  async answer(): Promise<void> {
    this.begun.at(-1)!.resolve();
    await settle();
  }
}

interface Feed {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Lets all pending callbacks run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let clock: TestClock;
let reads: SlowReads;
let feed: Feed;
let errors: number;

const queries = {} as Queries;
const NOTHING_SHARED = { settings: { proxyCacheEnabled: true }, tokenKeys: [] };
const log = createLogger('test', 'error', { write: () => void (errors += 1) });

const feeds: [string, () => Feed][] = [
  [
    'ConfigurationFeed',
    () => {
      const position = { revision: 1, mark: 'm1' };
      return new ConfigurationFeed({
        revision: { onAnnounce: reads.onAnnounce },
        source: {
          head: () => reads.read().then(() => position),
          readAll: () => Promise.resolve({ position, log: [], organizations: [], shared: NOTHING_SHARED }),
          readSince: () => Promise.reject(new Error('nothing changed')),
        },
        format: 'f',
        clock,
        log,
      });
    },
  ],
  [
    'InvalidationFeed',
    () => {
      let isStarted = false;
      const invalidations = {
        onAnnounce: reads.onAnnounce,
        lastBefore: () => Promise.resolve(0),
        after: async () => {
          // The first read belongs to start().
          if (isStarted) await reads.read();
          isStarted = true;
          return [];
        },
      };
      return new InvalidationFeed({
        queries,
        invalidations: invalidations as unknown as InvalidationStore,
        clock,
        log,
      });
    },
  ],
];

describe.each(feeds)('%s', (_, create) => {
  beforeEach(async () => {
    clock = new TestClock();
    reads = new SlowReads();
    errors = 0;
    feed = create();
    await feed.start();
  });

  const advance = async (ms: number): Promise<number> => {
    clock.advance(ms);
    await settle();
    return reads.begun.length;
  };

  test('reads again one second after the last read ended, even if the database is slow', async () => {
    expect(await advance(999)).toBe(0);
    expect(await advance(1)).toBe(1);
    expect(await advance(10_000)).toBe(1);
    await reads.answer();
    expect(await advance(999)).toBe(1);
    expect(await advance(1)).toBe(2);
    await reads.answer();
    await feed.stop();
  });

  test('reads at once after an announcement, and once more after announcements during a read', async () => {
    const first = reads.announce();
    await settle();
    expect(reads.begun).toHaveLength(1);
    const later = [reads.announce(), reads.announce()];
    await reads.answer();
    await first;
    expect(reads.begun).toHaveLength(2);
    await reads.answer();
    await Promise.all(later);
    expect(reads.begun).toHaveLength(2);
    await feed.stop();
  });

  test('logs only the first of several consecutive failures and continues', async () => {
    reads.failing = true;
    for (let round = 1; round <= 3; round += 1) {
      expect(await advance(1000)).toBe(round);
      await reads.answer();
    }
    expect(errors).toBe(1);
    await feed.stop();
  });

  test('stops after the running read and reads nothing afterwards', async () => {
    await advance(1000);
    let isOver = false;
    const stopping = feed.stop().then(() => (isOver = true));
    await settle();
    expect(isOver).toBe(false);
    await reads.answer();
    await stopping;
    await reads.announce();
    expect(await advance(10_000)).toBe(1);
  });
});
