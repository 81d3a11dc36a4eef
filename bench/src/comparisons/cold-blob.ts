import type { Comparing } from '../comparison/comparison';
import { type Figures, sideBySide } from '../comparison/side-by-side';
import type { Peer } from '../peers/peer';
import { type BlobImage, directly, MIB, pullBlobImage, pushBlobImage } from './blob-image';

const ROUNDS = 7;
const REPOSITORY = 'bench/cold-blob';
/** The name of a pull without a cache in results. */
export const DIRECT = 'direct download';

/**
 * Measures the first pull of an image with one layer of 64 MiB by one client, from the request for
 * the manifest: until the layer is complete, and until its first byte. Zot fetches the whole image
 * before it returns the manifest, so that the time from the request for the blob would say nothing.
 */
export const coldBlob: Comparing = async (context) => {
  const { upstream, quick } = context;
  const bytes = (quick ? 8 : 64) * MIB;
  const count = quick ? 1 : ROUNDS;
  const images: BlobImage[] = [];
  for (let round = 0; round < count; round += 1)
    images.push(await pushBlobImage(upstream, REPOSITORY, `v${round}`, bytes));
  const first = await pushBlobImage(upstream, REPOSITORY, 'first', bytes);
  const pull = async (peer: Pick<Peer, 'hosts' | 'path'>, round: number): Promise<Figures> => {
    const { seconds, firstByteSeconds } = await pullBlobImage(peer, images[round]!);
    return { seconds, firstByteMs: firstByteSeconds * 1000 };
  };
  // All pulls find the layers in the page cache, also the first one.
  for (const image of images) await pullBlobImage(directly(upstream), image);
  const results = await sideBySide(
    context,
    {
      layover: [context.layover],
      upstream: upstream.url,
      prepare: async (peer) => void (await pullBlobImage(peer, first, { verify: true })),
    },
    [
      {
        label: 'cold blob',
        count,
        async measure(peer, round) {
          const figures = await pull(peer, round);
          // Not measured: what was stored are the right bytes.
          await pullBlobImage(peer, images[round]!, { verify: true });
          return figures;
        },
        references: [{ name: DIRECT, measure: (round) => pull(directly(upstream), round) }],
      },
    ],
  );
  const size = `cold blob of ${bytes / MIB} MiB with its manifest, 1 client`;
  const options = { references: [DIRECT] };
  return [
    results.compare({ id: 'cold-blob', title: size, unit: 's', better: 'lower' }, 'seconds', options),
    results.compare(
      { id: 'cold-first-byte', title: `first byte of a ${size}`, unit: 'ms', better: 'lower' },
      'firstByteMs',
      options,
    ),
  ];
};
