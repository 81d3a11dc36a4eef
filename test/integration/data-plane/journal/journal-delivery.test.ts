import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { systemClock } from '../../../../common/runtime/clock';
import { type CatalogClient, createCatalogClient } from '../../../../data-plane/src/catalog/catalog-client';
import { createGrpcPullRecorder } from '../../../../data-plane/src/catalog/grpc-pull-recorder';
import type { DurablePullJournal } from '../../../../data-plane/src/journal/durable-pull-journal';
import {
  createJournalDelivery,
  type JournalDelivery,
  type JournalDeliveryOptions,
} from '../../../../data-plane/src/journal/journal-delivery';
import { FakeCatalog } from '../../../support/fake-catalog';
import {
  keepingLogger,
  openJournal,
  recordOf,
  referencesOf,
  temporaryFolder,
} from '../../../support/data-plane/records';
import { waitUntil } from '../../../support/real/wait-until';
import { TestClock } from '../../../support/test-clock';

const folder = temporaryFolder();
let serial = 0;
let directory: string;
let catalog: FakeCatalog;
const releases: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  directory = join(folder.path, String(serial++));
  catalog = await FakeCatalog.start();
});
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
  await catalog.stop();
});
afterAll(() => folder.remove());

interface DataPlane {
  readonly journal: DurablePullJournal;
  readonly delivery: JournalDelivery;
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** Starts the parts of a data plane that deliver records. They stop with the test at the latest. */
async function startDataPlane(options: Partial<JournalDeliveryOptions> = {}): Promise<DataPlane> {
  const { logger, lines } = keepingLogger();
  const journal = await openJournal(directory, { logger, limits: { segmentBytes: 100_000 } });
  const client: CatalogClient = createCatalogClient(catalog.address);
  const delivery = createJournalDelivery({
    journal,
    recorder: createGrpcPullRecorder(client),
    clock: systemClock,
    logger,
    backoff: { firstMs: 20, maxMs: 50 },
    gatherMs: 20,
    ...options,
  });
  delivery.start();
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await delivery.stop();
    await journal.close();
    client.close();
  };
  releases.push(stop);
  return { journal, delivery, lines, stop };
}

const recorded = (): string[] => referencesOf(catalog.records.values());
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));
const append = (journal: DurablePullJournal, from: number, to: number): Promise<unknown> =>
  Promise.all(numbers(from, to).map((n) => journal.append(recordOf(n))));

test('delivers a record soon after it was appended, and is idle before and after', async () => {
  const clock = new TestClock();
  const { journal } = await startDataPlane({ gatherMs: 100, clock });
  expect(clock.pending).toBe(0);
  await append(journal, 0, 3);
  await waitUntil('the records to be gathered', () => clock.pending > 0);
  clock.advance(99);
  expect(catalog.calls).toEqual([]);
  clock.advance(1);
  await catalog.until(() => catalog.records.size === 3);
  expect(recorded()).toEqual(numbers(0, 3));
  expect(catalog.calls).toEqual([{ method: 'RecordPulls', request: expect.anything() as unknown }]);
  expect([...catalog.records.values()][0]).toMatchObject({
    event: 'pull',
    pull: { organization: 'docker', repository: 'library/alpine', reference: '0' },
  });
  await waitUntil('the end of the batch', () => journal.depth().records === 0);
  expect(clock.pending).toBe(0);
  expect(catalog.calls).toHaveLength(1);
});

test('delivers a backlog in order and in batches, also while the journal grows', async () => {
  await catalog.stop();
  const { journal } = await startDataPlane();
  await append(journal, 0, 10_000);
  await catalog.start();
  await append(journal, 10_000, 11_000);
  await catalog.until(() => catalog.records.size === 11_000, 15_000);
  expect(recorded()).toEqual(numbers(0, 11_000));
  const sizes = catalog.calls.map(({ request }) => (request as { records: unknown[] }).records.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
  expect(sizes.length).toBeLessThan(60);
});

test('delivers every record once and in order despite lost answers and restarts of both sides', async () => {
  catalog.switches.loseAnswers = 2;
  const first = await startDataPlane();
  await append(first.journal, 0, 700);
  await catalog.until(() => catalog.records.size >= 500);
  await first.stop();

  const second = await startDataPlane();
  await append(second.journal, 700, 900);
  await catalog.stop();
  await append(second.journal, 900, 1000);
  await second.stop();

  await catalog.start();
  catalog.switches.loseAnswers = 1;
  const third = await startDataPlane();
  await catalog.until(() => catalog.records.size === 1000);
  await third.delivery.flush(5000);
  expect(recorded()).toEqual(numbers(0, 1000));
  expect(Math.max(...catalog.deliveries.values())).toBeGreaterThan(1);
  expect(third.journal.depth().records).toBe(0);
});

test('sets permanently rejected records aside and delivers the others in order', async () => {
  catalog.switches.refuse = ({ pull }) => pull?.reference === '3' || pull?.reference === '7';
  const { journal, delivery, lines } = await startDataPlane();
  await append(journal, 0, 10);
  await catalog.until(() => catalog.records.size === 8);
  expect(await delivery.flush(5000)).toBe(0);
  expect(recorded()).toEqual(['0', '1', '2', '4', '5', '6', '8', '9']);
  const kept = readFileSync(join(directory, 'refused.jsonl'), 'utf8').trim().split('\n');
  expect(kept.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { reason: expect.stringContaining('refused') as unknown, record: recordOf('3') },
    { reason: expect.stringContaining('refused') as unknown, record: recordOf('7') },
  ]);
  expect(lines.filter((line) => line.includes('permanently rejects a pull record'))).toHaveLength(2);
});

test('keeps the batch if the control plane fails with an internal error', async () => {
  catalog.switches.failWith = status.INTERNAL;
  const { journal, lines } = await startDataPlane();
  await append(journal, 0, 5);
  await catalog.until(() => catalog.calls.length >= 6);
  expect(journal.depth().records).toBe(5);
  catalog.switches.failWith = undefined;
  await catalog.until(() => catalog.records.size === 5);
  await waitUntil('the end of the batch', () => journal.depth().records === 0);
  // Only tries 1, 2, 4 … are logged.
  const failures = catalog.calls.length - 1;
  const logged = lines
    .filter((line) => line.includes('Delivering pull records failed'))
    .map((line) => (JSON.parse(line) as { tries: number }).tries);
  expect(logged).toEqual([1, 2, 4, 8, 16, 32, 64].filter((tries) => tries <= failures));
});

test('retryNow ends the wait between two tries', async () => {
  await catalog.stop();
  const { journal, delivery, lines } = await startDataPlane({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
  await append(journal, 0, 1);
  await waitUntil('the first try', () => lines.some((line) => line.includes('Delivering pull records failed')));
  await catalog.start();
  // The connection has its own backoff, so several tries may be needed.
  const nudge = setInterval(() => delivery.retryNow(), 50);
  await catalog.until(() => catalog.records.size === 1).finally(() => clearInterval(nudge));
});

test('hurry delivers a record right after the current batch', async () => {
  const { journal, delivery } = await startDataPlane({ gatherMs: 60_000 });
  catalog.switches.delayMs = 200;
  await append(journal, 0, 1);
  delivery.hurry();
  await catalog.until(() => catalog.calls.length === 1);
  await append(journal, 1, 2);
  delivery.hurry();
  await catalog.until(() => catalog.records.size === 2);
});

test('hurry delivers a record without gathering, but gathers later records again', async () => {
  const clock = new TestClock();
  const { journal, delivery } = await startDataPlane({ clock, gatherMs: 60_000 });
  delivery.hurry();
  await append(journal, 0, 3);
  delivery.hurry();
  await catalog.until(() => catalog.records.size === 3);
  await waitUntil('the end of the batch', () => journal.depth().records === 0);
  await append(journal, 3, 4);
  await waitUntil('the record to be gathered', () => clock.pending > 0);
  expect(catalog.calls).toHaveLength(1);
  clock.advance(60_000);
  await catalog.until(() => catalog.records.size === 4);
});

describe('flush', () => {
  test('delivers records at once that would still be gathered', async () => {
    const { journal, delivery } = await startDataPlane({ gatherMs: 60_000 });
    await append(journal, 0, 5);
    journal.count({ organizationUid: 'u1', served: 7 });
    expect(await delivery.flush(5000)).toBe(0);
    expect(recorded()).toEqual([...numbers(0, 5), '']);
    expect([...catalog.records.values()].at(-1)?.blob).toMatchObject({ organizationUid: 'u1', bytesServed: 7 });
  });

  test('gives up after one try while the control plane is down, and keeps the records', async () => {
    await catalog.stop();
    const { journal, delivery, stop } = await startDataPlane({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
    await append(journal, 0, 5);
    // Longer than the test may take: the test would not end if flush waited for the second try.
    expect(await delivery.flush(60_000)).toBe(5);
    await stop();
    const left = await openJournal(directory);
    releases.push(() => left.close());
    expect(left.depth().records).toBe(5);
  });

  test('ends in limited time if the control plane hangs', async () => {
    catalog.switches.delayMs = 60_000;
    const { journal, delivery } = await startDataPlane();
    await append(journal, 0, 5);
    expect(await delivery.flush(100)).toBe(5);
  });
});
