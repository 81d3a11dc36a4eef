import 'reflect-metadata';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ServerCredentials } from '@grpc/grpc-js';
import { systemClock } from '../../../common/runtime/clock';
import { createLogger } from '../../../common/runtime/logger';
import { SealedBox } from '../../../common/security/sealed-box';
import { ConfigurationFeed } from '../../../control-plane/src/catalog/configuration-feed';
import { InvalidationFeed } from '../../../control-plane/src/catalog/invalidation-feed';
import type { ContentKeeper } from '../../../control-plane/src/data-planes/content-keeper';
import { Database } from '../../../control-plane/src/db/database';
import { parseDatabaseUrl } from '../../../control-plane/src/db/database-address';
import { GarbageCollector } from '../../../control-plane/src/cache/collection/garbage-collector';
import { catalogHandlers } from '../../../control-plane/src/catalog/catalog-handlers';
import { CatalogServer } from '../../../control-plane/src/catalog/catalog-server';
import { WatchStreams } from '../../../control-plane/src/catalog/watch';
import { Metrics } from '../../../control-plane/src/metrics';
import { PullRecorder } from '../../../control-plane/src/cache/pulls/record-pulls';
import { ScanWaits } from '../../../control-plane/src/scan/queue/scan-waits';
import { createStores } from '../../../control-plane/src/stores';
import { ConfigurationSource } from '../../../control-plane/src/tenancy/configuration/configuration-source';
import { peakMemoryBytes } from '../../../test/support/real/process-tree';
import type { PlaneAnswer, PlaneCommand, PlaneOptions } from './plane-protocol';
import { RoundClock } from './round-clock';
import { watchDatabase } from './watched-database';

/** The interval of the collector. With the round clock a round starts only on command. */
const EVERY_MS = 30_000;
/** The interval for checking the event loop, in milliseconds. */
const LOOK_MS = 2;

/**
 * Runs the content-related parts of a control plane in a process: the Catalog and the garbage
 * collector, over a database that counts statements. Executes the commands of its parent one after
 * the other, and ends with its parent.
 */
async function main({ databaseUrl, socket }: PlaneOptions): Promise<void> {
  const address = parseDatabaseUrl(databaseUrl);
  if (address === undefined) throw new Error('The database URL is missing');
  const log = createLogger('bench', 'warn');
  const { database, counts } = watchDatabase(Database.open(address, log));
  const box = new SealedBox('token-keys', Buffer.alloc(32), []);
  const forced = { proxyCacheEnabled: undefined, quotaManagementEnabled: undefined, scanningEnabled: undefined };
  const stores = createStores(box, forced);
  const clock = new RoundClock();
  const now = { now: () => clock.now(), steady: () => clock.steady(), after: systemClock.after };
  const keeper: ContentKeeper = {
    stat: () => Promise.resolve(new Map()),
    delete: () => Promise.resolve(new Map()),
    async *list() {},
    async *verify() {},
  };
  const collector = new GarbageCollector({ database, stores, keeper, clock, log, graceMs: 600_000 });
  collector.start(EVERY_MS);

  const queries = database.reader;
  // Never started: nobody watches.
  const source = new ConfigurationSource({ ...stores, database, forced, box, log });
  const feed = new ConfigurationFeed({ source, revision: stores.revision, format: '', clock: now, log });
  const forgetting = new InvalidationFeed({ queries, ...stores, clock: now, log });
  await forgetting.start();
  const watch = new WatchStreams(feed, forgetting, now, log);
  const waits = new ScanWaits(queries, now, log);
  const pokeScanning = (): void => undefined;
  const metrics = new Metrics(
    () => 0,
    () => 0,
  );
  const recorder = new PullRecorder({ ...stores, database, stores, clock: now, log });
  const parts = { database, stores, recorder, watch, waits, pokeScanning, clock: now, metrics, log };
  const catalog = new CatalogServer(
    { kind: 'unix', path: socket },
    ServerCredentials.createInsecure(),
    catalogHandlers(parts),
  );
  await catalog.start();

  const delay = monitorEventLoopDelay({ resolution: LOOK_MS });
  delay.enable();
  const answer = (ms: number): void => {
    const memoryBytes = peakMemoryBytes(process.pid);
    const reply: PlaneAnswer = { counts: counts(), ms, blockedMs: delay.max / 1e6, memoryBytes };
    delay.reset();
    process.send!(reply);
  };
  process.on('message', (command: PlaneCommand) => {
    const started = performance.now();
    if (command.do === 'count') return answer(0);
    clock.advance(command.advanceMs);
    void clock.round().then(() => answer(performance.now() - started));
  });
  process.on('disconnect', () => process.exit());
  answer(0);
}

void main(JSON.parse(process.argv[2] ?? '{}') as PlaneOptions);
