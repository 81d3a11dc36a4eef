import { setTimeout as pause } from 'node:timers/promises';
import { type CountingRelay, startCountingRelay } from '../../../test/support/real/counting-relay';
import { send } from '../../../test/support/real/http-client';
import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import type { Comparing, Comparison } from '../comparison/comparison';
import type { ComparisonId } from '../comparison/goals';
import { sideBySide } from '../comparison/side-by-side';
import { layoverThreeNodes } from '../peers/layover';
import type { Peer } from '../peers/peer';
import { type BlobImage, MIB, pullBlobImage, pushBlobImage } from './blob-image';

const REPOSITORY = 'bench/cold';
const CLIENTS = [1, 16, 200] as const;
/** If the upstream is idle for this long, a cache has finished its background work. */
const QUIET_MS = 1500;

/**
 * Measures the bytes that the upstream sends for a cold blob, as a multiple of its size: for 1, 16
 * and 200 clients at the same time, of one node and of three nodes. Asserts that all programs ask
 * the upstream when a cached tag is pulled, because the measures of manifests compare that.
 */
export const coldFetch: Comparing = async (context) => {
  const { upstream, quick } = context;
  const bytes = (quick ? 8 : 32) * MIB;
  const images: BlobImage[] = [];
  for (const clients of CLIENTS)
    images.push(await pushBlobImage(upstream, REPOSITORY, `for-${clients}-clients`, bytes));
  const asked = await pushBlobImage(upstream, REPOSITORY, 'asked', MIB);
  const relay = await startCountingRelay(upstream.url);
  try {
    const rounds = CLIENTS.map((clients, index) => ({
      label: `cold fetch, ${clients} client(s)`,
      count: 1,
      async measure(peer: Peer) {
        relay.reset();
        await pullBlobImage(peer, images[index]!, { clients });
        await quiet(relay);
        return { [`of${clients}`]: relay.bytesOf(images[index]!.blob.digest) / bytes };
      },
    }));
    const prepare = (peer: Peer): Promise<void> => assertAsksForTags(peer, asked, relay);
    const one = await sideBySide(context, { layover: [context.layover], upstream: relay.url, prepare }, rounds);
    const three = await sideBySide(
      { ...context, peers: [] },
      { layover: [layoverThreeNodes], upstream: relay.url, prepare },
      rounds,
    );
    const row = (id: ComparisonId, clients: string) => ({
      id,
      title: `upstream bytes for a cold blob, ${clients}`,
      unit: '× the blob',
      better: 'lower' as const,
    });
    return CLIENTS.flatMap((clients): Comparison[] => {
      const many = clients === 1 ? '1 client' : `${clients} clients at once`;
      const nodes = three.compare(row(`upstream-bytes-3-nodes-${clients}`, `${many}, 3 nodes`), `of${clients}`, {
        layover: layoverThreeNodes.id,
      });
      const peers = context.peers.map(({ id }) => ({ peer: id, missing: 'has no nodes that share their fetches' }));
      return [one.compare(row(`upstream-bytes-${clients}`, many), `of${clients}`), { ...nodes, peers }];
    });
  } finally {
    await relay.close();
  }
};

/** Throws an Error if a second pull of a tag does not ask the upstream. */
async function assertAsksForTags(peer: Peer, image: BlobImage, relay: CountingRelay): Promise<void> {
  const url = `http://${peer.host}${peer.path(image.repository)}/manifests/${image.tag}`;
  const headers = { Accept: MANIFEST_ACCEPT.join(', ') };
  await send({ url, headers });
  await quiet(relay);
  relay.reset();
  const { status } = await send({ url, headers });
  if (status !== 200) throw new Error(`GET of a cached tag was answered with ${status}`);
  if (!relay.lines().some((line) => line.includes(`/manifests/${image.tag}`)))
    throw new Error('does not ask the upstream about a cached tag');
}

async function quiet(relay: CountingRelay): Promise<void> {
  let seen = -1;
  let since = Date.now();
  while (Date.now() - since < QUIET_MS) {
    const now = relay.requests.reduce((sum, { bytes }) => sum + bytes, relay.requests.length);
    if (now !== seen || !relay.quiet()) since = Date.now();
    seen = now;
    await pause(50);
  }
}
