import { send } from '../../../test/support/real/http-client';
import { type Nginx, startNginx } from '../../../test/support/real/nginx';
import { childrenOf } from '../../../test/support/real/process-tree';
import { findProgram } from '../../../test/support/real/programs';
import { pushImage } from '../../../test/support/real/push-image';
import { waitUntil } from '../../../test/support/real/wait-until';
import { measureWork } from '../load/measure-work';
import { atATime, readBlob } from '../load/read-blob';
import { readRedirected } from '../load/read-redirected';
import { type BenchContext, median, type Measure, type Row } from '../measure';
import { type LayoverNodesOptions, startLayoverNodes } from '../peers/layover-nodes';
import { startBenchBucket } from './bench-bucket';

const MIB = 1024 * 1024;
const READS = 16;
const AT_A_TIME = 2;
const REPOSITORY = 'bench/delivery';

const SECRET = 'secret-of-nginx'.padEnd(40, '.');

interface Way {
  readonly name: string;
  readonly nodes: Pick<LayoverNodesOptions, 'transport' | 'env' | 'edgeEnv'>;
  /** Whether clients reach the edge through nginx. */
  readonly behindNginx?: true;
  readonly read: (host: string, path: string) => Promise<number>;
}

interface Cost {
  /** CPU seconds of the edge, the data plane and nginx per GB that clients receive. */
  readonly cpu: number;
  /** In GB/s. */
  readonly rate: number;
}

/**
 * Measures a cached blob with each way of delivery: inline, from the local file, the same by nginx
 * (plain HTTP) in front of the edge, and by a redirect to the bucket. With a redirect the bytes
 * cost Layover no CPU time, and the rate is that of fake-gcs-server.
 */
export const delivery: Measure = async (context) => {
  const bucket = await startBenchBucket(context);
  try {
    const ways: Way[] = [
      { name: 'inline', nodes: { transport: 'tcp' }, read: readBlob },
      { name: 'local file', nodes: { transport: 'unix' }, read: readBlob },
    ];
    if (findProgram('nginx') !== undefined) {
      const edgeEnv = (home: string): Readonly<Record<string, string>> => ({
        LAYOVER_EDGE_OFFLOAD: 'x-accel',
        LAYOVER_EDGE_OFFLOAD_SECRET: SECRET,
        LAYOVER_EDGE_OFFLOAD_FOLDERS: `blobs=${home}/blobs`,
      });
      ways.push({ name: 'nginx', nodes: { transport: 'unix', edgeEnv }, behindNginx: true, read: readBlob });
    }
    if (bucket !== undefined) {
      const env = { ...bucket.env, LAYOVER_REDIRECT: 'on' };
      ways.push({ name: 'redirect', nodes: { transport: 'tcp', env }, read: readRedirected });
    }
    const costs = new Map<string, Cost>();
    for (const way of ways) costs.set(way.name, await costOf(context, way));
    return rowsOf(costs);
  } finally {
    await bucket?.stop();
  }
};

async function costOf(context: BenchContext, { name, nodes: how, behindNginx, read }: Way): Promise<Cost> {
  const tarBytes = (context.quick ? 16 : 128) * MIB;
  const layers = [{ seed: 'delivery', tarBytes, compressed: false }];
  const image = await pushImage(context.upstream, { repository: REPOSITORY, tag: 'v1', layers });
  const nodes = await startLayoverNodes({ nodes: 1, upstream: context.upstream.url, ...how });
  let nginx: Nginx | undefined;
  try {
    const [edge = ''] = nodes.hosts;
    if (behindNginx) nginx = await startNginx({ edge, secret: SECRET, home: nodes.homes[0]!, plain: true });
    const host = nginx?.host ?? edge;
    const workers = nginx === undefined ? [] : childrenOf(nginx.pid).map(({ pid }) => pid);
    const pids = [...nodes.pids, ...workers];
    const path = `${nodes.path(REPOSITORY)}/blobs/${image.layers[0]!.digest}`;
    await send({ url: `http://${host}${nodes.path(REPOSITORY)}/manifests/v1`, headers: { Accept: '*/*' } });
    await readBlob(host, path);
    // A fill is kept for a moment after its client has read it. Later reads use the measured
    // delivery.
    await waitUntil(
      `the delivery of the blob: ${name}`,
      () =>
        read(host, path).then(
          () => true,
          () => false,
        ),
      60_000,
    );
    const measured: Cost[] = [];
    for (let round = 1; round <= (context.quick ? 1 : 3); round += 1) {
      context.note(`delivery, ${name}, round ${round}`);
      measured.push(await measureReads(pids, () => read(host, path), tarBytes));
    }
    return { cpu: median(measured.map(({ cpu }) => cpu)), rate: median(measured.map(({ rate }) => rate)) };
  } finally {
    await nginx?.stop();
    await nodes.stop();
  }
}

async function measureReads(pids: readonly number[], read: () => Promise<number>, size: number): Promise<Cost> {
  const { cpu, seconds } = await measureWork(pids, () => atATime(READS, AT_A_TIME, read));
  const gigabytes = (READS * size) / 1e9;
  return { cpu: cpu / gigabytes, rate: gigabytes / seconds };
}

function rowsOf(costs: ReadonlyMap<string, Cost>): Row[] {
  const inline = costs.get('inline')!;
  return [...costs].flatMap(([name, { cpu, rate }]): Row[] => [
    {
      measure: `delivery ${name}, CPU of edge and data plane`,
      unit: 'CPU-seconds / GB',
      layover: cpu,
      distribution: undefined,
      reference: { name: 'inline', value: inline.cpu },
      bound: name === 'inline' ? '' : 'below inline',
      holds: name === 'inline' ? undefined : cpu < inline.cpu,
    },
    {
      measure: `delivery ${name}, rate`,
      unit: 'GB/s',
      layover: rate,
      distribution: undefined,
      reference: { name: 'inline', value: inline.rate },
      bound: '',
      holds: undefined,
    },
  ]);
}
