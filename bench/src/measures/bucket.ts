import { send } from '../../../test/support/real/http-client';
import { pushImage } from '../../../test/support/real/push-image';
import { waitUntil } from '../../../test/support/real/wait-until';
import { measureWork } from '../load/measure-work';
import { atATime, readBlob } from '../load/read-blob';
import { type BenchContext, median, type Measure, type Row } from '../measure';
import { startLayoverNodes } from '../peers/layover-nodes';
import { startBenchBucket } from './bench-bucket';

const MIB = 1024 * 1024;
const WARM_READS = 8;
const AT_A_TIME = 2;
const REPOSITORY = 'bench/bucket';

/** In GB/s. */
interface Rates {
  readonly cold: number;
  readonly warm: number;
}

/**
 * Compares a bucket with a directory: a cold blob as a client sees it, and a warm blob without a
 * local copy, so that every read comes from the bucket.
 */
export const bucket: Measure = async (context) => {
  const store = await startBenchBucket(context);
  if (store === undefined) return [];
  try {
    const directory: Rates[] = [];
    const remote: Rates[] = [];
    for (let round = 1; round <= (context.quick ? 1 : 3); round += 1) {
      context.note(`bucket, round ${round}, directory`);
      directory.push(await ratesOf(context, round, {}));
      context.note(`bucket, round ${round}, bucket`);
      remote.push(await ratesOf(context, round, { ...store.env, LAYOVER_LOCAL_CACHE_BYTES: '0' }));
    }
    const row = (measure: string, of: (rates: Rates) => number): Row => ({
      measure,
      unit: 'GB/s',
      layover: median(remote.map(of)),
      reference: { name: 'directory', value: median(directory.map(of)) },
      bound: '',
      holds: undefined,
    });
    return [
      row('bucket store, cold blob', ({ cold }) => cold),
      row('bucket store, warm blob without a local copy', ({ warm }) => warm),
    ];
  } finally {
    await store.stop();
  }
};

/** Uses a new blob in every round, because the bucket keeps the blobs of earlier rounds. */
async function ratesOf(context: BenchContext, round: number, env: Readonly<Record<string, string>>): Promise<Rates> {
  const tarBytes = (context.quick ? 16 : 128) * MIB;
  const layers = [{ seed: `bucket-${round}`, tarBytes, compressed: false }];
  const image = await pushImage(context.upstream, { repository: REPOSITORY, tag: `v${round}`, layers });
  const nodes = await startLayoverNodes({ nodes: 1, transport: 'unix', upstream: context.upstream.url, env });
  try {
    const [host = ''] = nodes.hosts;
    const path = `${nodes.path(REPOSITORY)}/blobs/${image.layers[0]!.digest}`;
    const url = `http://${host}`;
    await send({ url: `${url}${nodes.path(REPOSITORY)}/manifests/v${round}`, headers: { Accept: '*/*' } });
    const cold = await measureWork([], () => readBlob(host, path));
    await waitUntil(
      'the blob to be stored',
      async () => {
        const { headers } = await send({ method: 'HEAD', url: url + path });
        return headers['x-layover-cache'] === 'HIT';
      },
      60_000,
    );
    const warm = await measureWork([], () => atATime(WARM_READS, AT_A_TIME, () => readBlob(host, path)));
    return { cold: tarBytes / 1e9 / cold.seconds, warm: (WARM_READS * tarBytes) / 1e9 / warm.seconds };
  } finally {
    await nodes.stop();
  }
}
