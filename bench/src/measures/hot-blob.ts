import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type FakeGcs, startFakeGcs } from '../../../test/support/fake-gcs';
import { startCountingRelay } from '../../../test/support/real/counting-relay';
import { send } from '../../../test/support/real/http-client';
import { cpuSeconds } from '../../../test/support/real/process-tree';
import { type PushedImage, pushImage } from '../../../test/support/real/push-image';
import { waitUntil } from '../../../test/support/real/wait-until';
import { formatRequest, LoadConnection } from '../load/load-connection';
import { measureWork } from '../load/measure-work';
import { BLOB_BUFFER } from '../load/read-blob';
import type { BenchContext, Measure, Row } from '../measure';
import { type LayoverNodes, startLayoverNodes } from '../peers/layover-nodes';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const DATA_PLANES = 3;
const EDGES = 2;
const REPOSITORY = 'bench/hot-blob';
/** A burst that takes longer is ended. Its rate is that of the bytes that arrived. */
const LIMIT_MS = 60_000;
/** Time that the upload and the copies of a blob may take after its clients, in milliseconds. */
const SETTLE_MS = 300_000;

/** How the bytes get to the edges, and from how many data planes. */
const WAYS = [
  {
    name: 'gRPC, one data plane',
    env: { LAYOVER_DATA_BYTES_LISTEN: 'off' },
    edgeEnv: { LAYOVER_BLOB_READERS_PER_NODE: '0' },
  },
  { name: 'byte channel, one data plane', env: {}, edgeEnv: { LAYOVER_BLOB_READERS_PER_NODE: '0' } },
  { name: 'now', env: {}, edgeEnv: {} },
] as const;

/** Clients that read one blob at the same time. */
interface Burst {
  /** GiB/s of all clients. */
  readonly rate: number;
  /** CPU seconds of edges and data planes for each GiB that clients received. */
  readonly cpu: number;
  /** Bytes that the upstream and the bucket sent, as multiples of the blob. */
  readonly upstream: number;
  readonly bucket: number;
  /** Share of the data plane that sent most: 1 = one data plane did all the work. */
  readonly largestShare: number;
}

/**
 * Measures one blob for many clients at once, cold and then warm, through two edges and three data
 * planes that share a bucket and no folders. Compares with the way before the byte channel, and
 * with one data plane that sends everything over it.
 */
export const hotBlob: Measure = async (context) => {
  const clients = context.quick ? 24 : 40;
  const tarBytes = (context.quick ? 64 : 1024) * MIB;
  const layers = [{ seed: 'hot-blob', tarBytes, compressed: false }];
  const image = await pushImage(context.upstream, { repository: REPOSITORY, tag: 'v1', layers });
  const bursts = new Map<string, Burst>();
  for (const { name, env, edgeEnv } of WAYS) {
    const measured = await measureWay(context, { image, size: tarBytes, clients, env, edgeEnv, name });
    for (const [what, burst] of Object.entries(measured)) bursts.set(`${name}, ${what}`, burst);
  }
  return ['cold', 'warm'].flatMap((what) => rowsOf(what, clients, (way) => bursts.get(`${way}, ${what}`)!));
};

interface WayOfBytes {
  readonly name: string;
  readonly image: PushedImage;
  /** Bytes of the blob. */
  readonly size: number;
  readonly clients: number;
  readonly env: Readonly<Record<string, string>>;
  readonly edgeEnv: Readonly<Record<string, string>>;
}

/**
 * The bucket is the fake of the tests: fake-gcs-server copies what it has of an upload with every
 * part, which takes minutes for 1 GiB.
 */
async function measureWay(
  context: BenchContext,
  way: WayOfBytes,
): Promise<{ readonly cold: Burst; readonly warm: Burst }> {
  const bucket = await startFakeGcs();
  const ends: (() => Promise<unknown>)[] = [() => bucket.close()];
  try {
    const upstream = await startCountingRelay(context.upstream.url);
    ends.push(() => upstream.close());
    const nodes = await startLayoverNodes({
      ...{ nodes: DATA_PLANES, edges: EDGES, transport: 'tcp', upstream: upstream.url },
      env: { LAYOVER_BLOB_STORE: `gs://${bucket.bucket}`, STORAGE_EMULATOR_HOST: bucket.origin, ...way.env },
      edgeEnv: () => way.edgeEnv,
    });
    ends.push(() => nodes.stop());
    const { digest } = way.image.layers[0]!;
    const path = `${nodes.path(REPOSITORY)}/blobs/${digest}`;
    const burst = async (what: string): Promise<Burst> => {
      context.note(`hot blob, ${way.name}, ${what}`);
      upstream.reset();
      const before = downloaded(bucket);
      const sent = await sendToAll(nodes, path, way, context.note);
      await waitUntil('the end of the fill', () => upstream.quiet(), SETTLE_MS);
      const bucketBytes = downloaded(bucket) - before;
      return { ...sent, upstream: upstream.bytesOf(digest) / way.size, bucket: bucketBytes / way.size };
    };
    await send({
      url: `http://${nodes.hosts[0]!}${nodes.path(REPOSITORY)}/manifests/v1`,
      headers: { Accept: '*/*' },
    });
    const cold = await burst('cold');
    await waitUntil('the blob in the bucket', () => isStored(nodes, path), SETTLE_MS);
    // The data plane keeps its copy a moment after the bucket has the object.
    await pause(1_000);
    return { cold, warm: await burst('warm') };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** Returns the bytes of objects that a bucket has sent. */
function downloaded({ requests }: FakeGcs): number {
  return requests.filter(({ kind }) => kind === 'download').reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

async function isStored({ hosts }: LayoverNodes, path: string): Promise<boolean> {
  const { headers } = await send({ method: 'HEAD', url: `http://${hosts[0]!}${path}` });
  return headers['x-layover-cache'] === 'HIT';
}

/** Has all clients read the blob at once, through the edges in turn. */
async function sendToAll(
  { hosts, pids }: LayoverNodes,
  path: string,
  { clients, size, name }: WayOfBytes,
  note: BenchContext['note'],
): Promise<Pick<Burst, 'rate' | 'cpu' | 'largestShare'>> {
  let received = 0;
  const leave = new AbortController();
  setMaxListeners(clients, leave.signal);
  const timer = setTimeout(() => leave.abort(), LIMIT_MS);
  const planes = pids.slice(0, DATA_PLANES);
  const before = planes.map(cpuSeconds);
  const read = (client: number): Promise<void> =>
    readWhole(hosts[client % hosts.length]!, path, size, leave.signal, (bytes) => (received += bytes));
  const work = await measureWork(pids, () => Promise.all(Array.from({ length: clients }, (_, client) => read(client))));
  const used = planes.map((pid, at) => cpuSeconds(pid) - before[at]!);
  clearTimeout(timer);
  if (leave.signal.aborted) note(`${name}: not done after ${LIMIT_MS / 1000} s, ended`);
  const gibibytes = received / GIB;
  return {
    rate: gibibytes / work.seconds,
    cpu: work.cpu / gibibytes,
    largestShare: Math.max(...used) / used.reduce((sum, one) => sum + one, 0),
  };
}

/** Reads a blob and discards it. Throws an Error if it is not whole, unless the signal aborted. */
async function readWhole(
  host: string,
  path: string,
  size: number,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const connection = new LoadConnection(host, BLOB_BUFFER);
  signal.addEventListener('abort', () => connection.close(), { once: true });
  try {
    const request = formatRequest('GET', host, path, { Connection: 'close' });
    const { status, bytes } = await connection.send(request, (chunk) => onBytes(chunk.length));
    if (status !== 200 || bytes !== size)
      throw new Error(`GET ${path} from ${host} was answered with ${status} and ${bytes} bytes`);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    connection.close();
  }
}

function rowsOf(what: string, clients: number, burstOf: (way: string) => Burst): Row[] {
  const now = burstOf('now');
  const [before, one] = WAYS;
  const row = (
    measure: string,
    unit: string,
    pick: (burst: Burst) => number,
    reference: string | undefined,
    bound?: { readonly text: string; readonly holds: boolean },
  ): Row => ({
    measure: `${what} blob, ${clients} clients, ${measure}`,
    unit,
    layover: pick(now),
    ...(reference === undefined ? {} : { reference: { name: reference, value: pick(burstOf(reference)) } }),
    bound: bound?.text ?? '',
    holds: bound?.holds,
  });
  const rate = ({ rate }: Burst): number => rate;
  return [
    row('rate of all', 'GiB/s', rate, before.name, {
      text: '>= 5 times the reference',
      holds: now.rate >= 5 * burstOf(before.name).rate,
    }),
    row('rate of all', 'GiB/s', rate, one.name),
    row('CPU of edges and data planes', 'CPU-seconds / GiB', ({ cpu }) => cpu, before.name),
    row('CPU of edges and data planes', 'CPU-seconds / GiB', ({ cpu }) => cpu, one.name),
    row('share of the busiest data plane', 'of their CPU time', ({ largestShare }) => largestShare, one.name),
    row('bytes of the upstream', '× the blob', ({ upstream }) => upstream, undefined, {
      text: what === 'cold' ? '<= 1.01' : '<= 0.01',
      holds: now.upstream <= (what === 'cold' ? 1.01 : 0.01),
    }),
    row('bytes of the bucket', '× the blob', ({ bucket }) => bucket, undefined, {
      text: `<= ${DATA_PLANES - 1}`,
      holds: now.bucket <= DATA_PLANES - 1,
    }),
  ];
}
