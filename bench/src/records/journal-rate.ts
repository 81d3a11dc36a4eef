/**
 * Measures the journal of a data plane: the cost of a record from the pull to its delivery with 1,
 * 16 and 64 clients, and a backlog: how long it takes to open and to deliver, and the memory that
 * this needs. Usage: `node bin/run.mjs bench/src/records/journal-rate.js [records] [backlog]`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../../common/runtime/clock';
import { createLogger } from '../../../common/runtime/logger';
import { type CatalogClient, createCatalogClient } from '../../../data-plane/src/catalog/catalog-client';
import { createGrpcPullRecorder } from '../../../data-plane/src/catalog/grpc-pull-recorder';
import { createGrpcRecordCodec } from '../../../data-plane/src/catalog/grpc-record-codec';
import { createPullJournal, type DurablePullJournal } from '../../../data-plane/src/journal/durable-pull-journal';
import { createJournalDelivery, type JournalDelivery } from '../../../data-plane/src/journal/journal-delivery';
import { toPullRecord } from '../../../data-plane/src/journal/pull-event';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';
import { SAMPLE_PULL } from './sample-pull';

const CLIENTS = [1, 16, 64];
/** Clients that fill the backlog. */
const FILLING = 256;
const logger = createLogger('bench', 'warn');

async function main(): Promise<void> {
  const [records = '100000', backlog = '1000000'] = process.argv.slice(2);
  const folder = await temporaryFolder('bench');
  const socket = join(folder.path, 'catalog.sock');
  const sink = fork(join(__dirname, 'record-sink.js'), [socket]);
  await once(sink, 'message');
  const client = createCatalogClient({ kind: 'unix', path: socket });
  try {
    for (const clients of CLIENTS) {
      const count = clients === 1 ? Math.ceil(Number(records) / 10) : Number(records);
      for (const delivers of [false, true]) {
        const directory = join(folder.path, `${clients}-${delivers}`);
        await measureAppends(directory, { client, clients, count, delivers });
      }
    }
    await measureBacklog(join(folder.path, 'backlog'), Number(backlog), client);
  } finally {
    client.close();
    sink.disconnect();
    await folder.remove();
  }
}

interface Appends {
  readonly client: CatalogClient;
  readonly clients: number;
  readonly count: number;
  readonly delivers: boolean;
}

async function measureAppends(directory: string, { client, clients, count, delivers }: Appends): Promise<void> {
  const journal = await openJournal(directory);
  const delivery = deliveryOf(journal, client);
  if (delivers) delivery.start();
  const run = async (appended: number): Promise<number> => {
    const started = performance.now();
    await append(journal, appended, clients);
    const seconds = (performance.now() - started) / 1000;
    if (delivers) await delivered(journal);
    return seconds;
  };
  await run(Math.ceil(count / 5));
  const before = process.cpuUsage();
  const seconds = await run(count);
  const { user, system } = process.cpuUsage(before);
  print(
    `${clients} clients, ${delivers ? 'delivered' : 'not delivered'}: ` +
      `${Math.round(count / seconds)} records/s, ${((user + system) / count).toFixed(1)} µs CPU per record`,
  );
  await delivery.stop();
  await journal.close();
}

async function measureBacklog(directory: string, count: number, client: CatalogClient): Promise<void> {
  const filled = await openJournal(directory);
  await append(filled, count, FILLING);
  await filled.close();
  const started = performance.now();
  const journal = await openJournal(directory);
  const opened = performance.now() - started;
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  const began = performance.now();
  const delivery = deliveryOf(journal, client);
  delivery.start();
  await delivered(journal);
  const { user, system } = process.cpuUsage(before);
  clearInterval(watch);
  print(
    `backlog of ${count}: opened in ${opened.toFixed(0)} ms, delivered in ${((performance.now() - began) / 1000).toFixed(1)} s, ` +
      `${((user + system) / count).toFixed(1)} µs CPU per record, at most ${Math.round(peak / 1e6)} MB resident, ` +
      `event loop blocked for at most ${(delay.max / 1e6).toFixed(0)} ms`,
  );
  await delivery.stop();
  await journal.close();
}

function openJournal(directory: string): Promise<DurablePullJournal> {
  return createPullJournal({ directory, codec: createGrpcRecordCodec(), clock: systemClock, logger });
}

function deliveryOf(journal: DurablePullJournal, client: CatalogClient): JournalDelivery {
  return createJournalDelivery({ journal, recorder: createGrpcPullRecorder(client), clock: systemClock, logger });
}

async function append(journal: DurablePullJournal, count: number, clients: number): Promise<void> {
  let next = 0;
  const pull = async (): Promise<void> => {
    for (; next < count; next += 1) await journal.append(toPullRecord(SAMPLE_PULL));
  };
  await Promise.all(Array.from({ length: clients }, pull));
}

async function delivered(journal: DurablePullJournal): Promise<void> {
  while (journal.depth().records > 0) await pause(10);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main();
