import { send } from '../../../test/support/real/http-client';
import { type PushedImage, pushImage } from '../../../test/support/real/push-image';
import { measureWork } from '../load/measure-work';
import { atATime, readBlob } from '../load/read-blob';
import { type BenchContext, median, type Measure, type Row } from '../measure';
import { type LayoverNodes, startLayoverNodes } from '../peers/layover-nodes';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const READS = 16;
const CLIENTS = [1, 2] as const;
const REPOSITORY = 'bench/between-hosts';

/** How the bytes of blobs get from the data plane to the edge. */
const WAYS = [
  { name: 'gRPC', env: { LAYOVER_DATA_BYTES_LISTEN: 'off' } },
  { name: 'byte channel', env: {} },
] as const;

interface Sample {
  /** CPU seconds per GiB. */
  readonly edge: number;
  readonly dataPlane: number;
  /** GiB/s. */
  readonly rate: number;
}

interface Running {
  readonly way: string;
  readonly nodes: LayoverNodes;
}

/**
 * Measures blobs between an edge and a data plane that share no folder, over gRPC and over the byte
 * channel in turn: a warm blob with one and two clients, and cold blobs with one client. Reports
 * the CPU time of both planes and the rate.
 */
export const betweenHosts: Measure = async (context) => {
  const rounds = context.quick ? 1 : 3;
  const tarBytes = (context.quick ? 16 : 128) * MIB;
  const running: Running[] = [];
  const samples = new Map<string, Sample[]>();
  try {
    const image = await push(context, 'warm', tarBytes);
    for (const { name, env } of WAYS) {
      const nodes = await startLayoverNodes({ nodes: 1, transport: 'tcp', upstream: context.upstream.url, env });
      running.push({ way: name, nodes });
      // The first read fills the blob; the second one is warm.
      for (let read = 0; read < 2; read += 1) await readLayer(nodes, image);
    }
    for (let round = 1; round <= rounds; round += 1) {
      const cold = await push(context, `cold-${round}`, tarBytes);
      for (const { way, nodes } of running) {
        context.note(`between hosts, ${way}, round ${round}`);
        const add = (what: string, sample: Sample): void =>
          void samples.set(`${way}, ${what}`, [...(samples.get(`${way}, ${what}`) ?? []), sample]);
        for (const clients of CLIENTS)
          add(`warm blob, ${clients} at a time`, await measure(nodes, READS, tarBytes, clients, image));
        add('cold blob', await measure(nodes, 1, tarBytes, 1, cold));
      }
    }
  } finally {
    for (const { nodes } of running) await nodes.stop();
  }
  return CLIENTS.map((clients) => `warm blob, ${clients} at a time`)
    .concat('cold blob')
    .flatMap((what) => rowsOf(what, samples));
};

async function push(context: BenchContext, tag: string, tarBytes: number): Promise<PushedImage> {
  const layers = [{ seed: `between-hosts-${tag}`, tarBytes, compressed: false }];
  return pushImage(context.upstream, { repository: REPOSITORY, tag, layers });
}

async function readLayer({ hosts: [host = ''], path }: LayoverNodes, image: PushedImage): Promise<void> {
  await send({ url: `http://${host}${path(REPOSITORY)}/manifests/${image.digest}`, headers: { Accept: '*/*' } });
  await readBlob(host, `${path(REPOSITORY)}/blobs/${image.layers[0]!.digest}`);
}

async function measure(
  nodes: LayoverNodes,
  reads: number,
  size: number,
  clients: number,
  image: PushedImage,
): Promise<Sample> {
  const [dataPlane = 0, edge = 0] = nodes.pids;
  let edgeCpu = 0;
  const work = await measureWork([dataPlane], async () => {
    const inEdge = await measureWork([edge], () => atATime(reads, clients, () => readLayer(nodes, image)));
    edgeCpu = inEdge.cpu;
  });
  const gibibytes = (reads * size) / GIB;
  // The inner measurement waits 100 ms after its work.
  return { edge: edgeCpu / gibibytes, dataPlane: work.cpu / gibibytes, rate: gibibytes / (work.seconds - 0.1) };
}

function rowsOf(what: string, samples: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const of = (way: string, pick: (sample: Sample) => number): number =>
    median(samples.get(`${way}, ${what}`)!.map(pick));
  const row = (measure: string, unit: string, pick: (sample: Sample) => number, bound?: number): Row => {
    const layover = of('byte channel', pick);
    return {
      measure: `${what} between hosts, ${measure}`,
      unit,
      layover,
      reference: { name: 'gRPC', value: of('gRPC', pick) },
      bound: bound === undefined ? '' : unit === 'GiB/s' ? `>= ${bound}` : `<= ${bound}`,
      holds: bound === undefined ? undefined : unit === 'GiB/s' ? layover >= bound : layover <= bound,
    };
  };
  const isBound = what === `warm blob, ${CLIENTS.at(-1)} at a time`;
  return [
    row('CPU of the edge', 'CPU-seconds / GiB', ({ edge }) => edge),
    row('CPU of the data plane', 'CPU-seconds / GiB', ({ dataPlane }) => dataPlane),
    // 1.2 CPU-seconds per GB and 1 GB/s.
    row('CPU of both', 'CPU-seconds / GiB', ({ edge, dataPlane }) => edge + dataPlane, isBound ? 1.29 : undefined),
    row('rate', 'GiB/s', ({ rate }) => rate, isBound ? 0.93 : undefined),
  ];
}
