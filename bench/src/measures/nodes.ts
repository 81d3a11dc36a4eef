import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { send } from '../../../test/support/real/http-client';
import { type PushedImage, pushImage } from '../../../test/support/real/push-image';
import { measureWork } from '../load/measure-work';
import { atATime, readBlob } from '../load/read-blob';
import { requestsPerSecond } from '../load/requests-per-second';
import { type BenchContext, median, type Measure, type Row } from '../measure';
import { type LayoverNodes, startLayoverNodes } from '../peers/layover-nodes';

const MIB = 1024 * 1024;
const MOST = 3;
/** Enough layers that every node owns some of them. */
const LAYERS = 6;
const READS_OF_EACH = 4;
const CONNECTIONS = 18;
const ACCEPT = MANIFEST_ACCEPT.join(', ');
const REPOSITORY = 'bench/nodes';

interface Rates {
  /** In GB/s. */
  readonly blobs: number;
  /** Requests per second of all edges together. */
  readonly manifests: number;
}

/**
 * Measures one to three edges with as many data planes on this machine: the total rate of warm
 * blobs (over gRPC) and of cached manifests. More nodes than processors can't be faster.
 */
export const nodes: Measure = async (context) => {
  const tarBytes = (context.quick ? 4 : 32) * MIB;
  const layers = Array.from({ length: LAYERS }, (_, index) => ({
    seed: `nodes-${index}`,
    tarBytes,
    compressed: false,
  }));
  const image = await pushImage(context.upstream, { repository: REPOSITORY, tag: 'v1', layers });
  const rates: Rates[] = [];
  for (let count = 1; count <= MOST; count += 1) rates.push(await ratesOf(context, count, image, tarBytes));
  const [one] = rates;
  return rates.flatMap(({ blobs, manifests }, index): Row[] => {
    const name = index === 0 ? '1 node' : `${index + 1} nodes`;
    const rest = { bound: '', holds: undefined };
    return [
      {
        measure: `${name}, warm blobs`,
        unit: 'GB/s',
        layover: blobs,
        reference: { name: '1 node', value: one!.blobs },
        ...rest,
      },
      {
        measure: `${name}, manifests by digest`,
        unit: 'requests/s',
        layover: manifests,
        reference: { name: '1 node', value: one!.manifests },
        ...rest,
      },
    ];
  });
};

async function ratesOf(context: BenchContext, count: number, image: PushedImage, tarBytes: number): Promise<Rates> {
  const layover = await startLayoverNodes({ nodes: count, transport: 'tcp', upstream: context.upstream.url });
  try {
    const manifest = `${layover.path(REPOSITORY)}/manifests/${image.digest}`;
    for (const host of layover.hosts) {
      await send({ url: `http://${host}${manifest}`, headers: { Accept: ACCEPT } });
      for (const { digest } of image.layers) await readBlob(host, `${layover.path(REPOSITORY)}/blobs/${digest}`);
    }
    const blobs: number[] = [];
    const manifests: number[] = [];
    for (let round = 1; round <= (context.quick ? 1 : 3); round += 1) {
      context.note(`${count} node(s), round ${round}`);
      blobs.push(await blobRate(layover, image, tarBytes));
      const connections = CONNECTIONS / count;
      const loads = layover.hosts.map((host) =>
        requestsPerSecond({
          url: `http://${host}${manifest}`,
          accept: ACCEPT,
          connections,
          seconds: context.quick ? 1 : 5,
        }),
      );
      manifests.push((await Promise.all(loads)).reduce((sum, rate) => sum + rate, 0));
    }
    return { blobs: median(blobs), manifests: median(manifests) };
  } finally {
    await layover.stop();
  }
}

/** Distributes the clients over edges and layers in turn. */
async function blobRate({ hosts, path }: LayoverNodes, { layers }: PushedImage, tarBytes: number): Promise<number> {
  const reads = LAYERS * READS_OF_EACH;
  let next = 0;
  const { seconds } = await measureWork([], () =>
    atATime(reads, LAYERS, () => {
      const turn = next++;
      const { digest } = layers[turn % LAYERS]!;
      return readBlob(hosts[turn % hosts.length]!, `${path(REPOSITORY)}/blobs/${digest}`);
    }),
  );
  return (reads * tarBytes) / 1e9 / seconds;
}
