import { Agent, request } from 'node:http';
import { pull, type TestRepository } from '../../test/support/control-plane/builders';
import { TestCatalog } from '../../test/support/control-plane/catalog-client';

/** The parameters of the load, passed as one JSON argument. */
export interface GraphqlLoad {
  /** `http://host:port/graphql` */
  readonly endpoint: string;
  readonly token: string;
  readonly query: string;
  readonly readsPerSecond: number;
  /** Address of the Catalog, as a gRPC target. */
  readonly catalog: string;
  readonly pullsPerSecond: number;
  /** Repositories of the pulls. Each has `images` images. */
  readonly repositories: readonly TestRepository[];
  readonly images: number;
  /** Duration of the warm-up, which is not measured. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** The result of a run. Latencies are measured from the scheduled time of a request. */
export interface GraphqlLoadResult {
  readonly reads: number;
  readonly failedReads: number;
  readonly millisecondsAt: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Pulls that were acknowledged during the measured time. */
  readonly pullsRecorded: number;
}

/** Batches of pulls per second, about as many as a busy data plane sends. */
const BATCHES_PER_SECOND = 10;

/**
 * Sends requests as an open loop: on schedule, whether or not earlier requests were answered.
 * Prints the result as JSON.
 */
async function main(): Promise<void> {
  const load = JSON.parse(process.argv[2] ?? '{}') as GraphqlLoad;
  const catalog = new TestCatalog(load.catalog);
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const start = performance.now() + 100;
  const countFrom = start + load.warmUpSeconds * 1000;
  const end = countFrom + load.seconds * 1000;
  const latencies: number[] = [];
  let failedReads = 0;
  let pullsRecorded = 0;
  const reads = atRate(load.readsPerSecond, start, end, async (due) => {
    const good = await read(load, agent).catch(() => false);
    if (due < countFrom) return;
    latencies.push(performance.now() - due);
    if (!good) failedReads += 1;
  });
  const perBatch = load.pullsPerSecond / BATCHES_PER_SECOND;
  const writes = atRate(BATCHES_PER_SECOND, start, end, async (due) => {
    const records = Array.from({ length: perBatch }, () => {
      const repository = load.repositories[Math.floor(Math.random() * load.repositories.length)]!;
      const image = `image-${Math.floor(Math.random() * load.images)}`;
      const at = Date.now();
      return pull(repository, `${repository.repository} ${image}`, at, {
        reference: image,
        cacheStatus: 'REVALIDATED',
        upstreamStatus: 200,
        checkedAt: at,
      });
    });
    const { recorded } = await catalog.call('RecordPulls', { records });
    if (due >= countFrom && performance.now() <= end + 1000) pullsRecorded += recorded;
  });
  await Promise.all([reads, writes]);
  agent.destroy();
  catalog.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.ceil(latencies.length * share) - 1] ?? NaN;
  const millisecondsAt = { p50: at(0.5), p99: at(0.99), max: at(1) };
  const result: GraphqlLoadResult = { reads: latencies.length, failedReads, millisecondsAt, pullsRecorded };
  process.stdout.write(JSON.stringify(result));
}

/**
 * Calls `work` on schedule between `start` and `end` (values of `performance.now()`). Resolves when
 * all calls have ended.
 */
async function atRate(
  perSecond: number,
  start: number,
  end: number,
  work: (due: number) => Promise<void>,
): Promise<void> {
  const running: Promise<void>[] = [];
  for (let due = start; due < end; due += 1000 / perSecond) {
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resume) => setTimeout(resume, wait));
    running.push(work(due));
  }
  await Promise.all(running);
}

/** Sends one query. Resolves to true if it was answered without an error. */
function read({ endpoint, token, query }: GraphqlLoad, agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ query });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const outgoing = request(endpoint, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.once('error', reject);
      answer.once('end', () => resolve(answer.statusCode === 200 && !text.includes('"errors"')));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
