import type { Comparing } from '../comparison/comparison';
import { type Figures, sideBySideFresh } from '../comparison/side-by-side';
import { send } from '../../../test/support/real/http-client';
import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { firstByteMs } from '../load/first-byte';
import { layoverPeerWith } from '../peers/layover';
import { type Peer, withPeer } from '../peers/peer';
import { startPacedRelay } from '../upstream/paced-relay';
import { directly, MIB, pushBlobImage } from './blob-image';
import { DIRECT } from './cold-blob';

/** 400 Mbit/s for each connection, as from a registry in the same region. */
const BYTES_PER_SECOND = 50 * MIB;
/** The tail that eStargz and SOCI clients read first, in bytes. */
const TAIL = 500;
const ROUNDS = 5;
const REPOSITORY = 'bench/far';
const WITHOUT_DIRECT_RANGES = 'Layover without direct ranges';

/**
 * Measures how long a client waits for the last 500 bytes of a layer that is not cached, from the
 * request for its manifest, from an upstream that sends 50 MiB/s per connection.
 */
export const farRange: Comparing = async (context) => {
  const bytes = (context.quick ? 16 : 150) * MIB;
  const image = await pushBlobImage(context.upstream, REPOSITORY, 'v1', bytes);
  const relay = await startPacedRelay(context.upstream.host, BYTES_PER_SECOND);
  const wait = async (peer: Pick<Peer, 'hosts' | 'path'>): Promise<Figures> => {
    const repository = `http://${peer.hosts[0]!}${peer.path(REPOSITORY)}`;
    const started = performance.now();
    const headers = { Accept: MANIFEST_ACCEPT.join(', ') };
    const { status, body } = await send({ url: `${repository}/manifests/${image.tag}`, headers });
    if (!body.equals(image.manifest))
      throw new Error(`A request for the manifest was answered with ${status}: ${body.toString().slice(0, 200)}`);
    const manifestMs = performance.now() - started;
    return { ms: manifestMs + (await firstByteMs(`${repository}/blobs/${image.blob.digest}`, bytes - TAIL)) };
  };
  const upstream = { ...directly(context.upstream), hosts: [new URL(relay.url).host] };
  const without = layoverPeerWith({ directRanges: false });
  try {
    const results = await sideBySideFresh(
      context,
      { layover: [context.layover], upstream: relay.url },
      {
        label: 'far range',
        count: context.quick ? 1 : ROUNDS,
        measure: wait,
        references: [
          { name: DIRECT, measure: () => wait(upstream) },
          { name: WITHOUT_DIRECT_RANGES, measure: () => withPeer(without, relay.url, wait) },
        ],
      },
    );
    const title = `first of the last ${TAIL} bytes of a cold blob of ${bytes / MIB} MiB, slow upstream`;
    return [
      results.compare({ id: 'cold-range', title, unit: 'ms', better: 'lower' }, 'ms', {
        references: [DIRECT, WITHOUT_DIRECT_RANGES],
      }),
    ];
  } finally {
    await relay.close();
  }
};
