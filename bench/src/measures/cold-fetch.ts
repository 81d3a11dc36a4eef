import { setTimeout as pause } from 'node:timers/promises';
import { type CountingRelay, startCountingRelay } from '../../../test/support/real/counting-relay';
import { send } from '../../../test/support/real/http-client';
import { pushImage } from '../../../test/support/real/push-image';
import { atATime, readBlob } from '../load/read-blob';
import { type Measure, peersOf, type Row } from '../measure';
import { type PeerStarter, withPeer } from '../peers/peer';

const MIB = 1024 * 1024;
/** If the upstream is idle for this long, the peer has finished its background work. */
const QUIET_MS = 1500;

/**
 * Measures the bytes that the upstream sends for a cold blob, as a multiple of its size: for one
 * client, and for 16 clients at the same time.
 */
export const coldFetch: Measure = async (context) => {
  const tarBytes = (context.quick ? 8 : 64) * MIB;
  const layers = [{ seed: 'cold-fetch', tarBytes, compressed: false }];
  const image = await pushImage(context.upstream, { repository: 'bench/cold', tag: 'v1', layers });
  const relay = await startCountingRelay(context.upstream.url);
  try {
    const rows: Row[] = [];
    for (const clients of [1, 16]) {
      const measured = new Map<string, number>();
      for (const starter of peersOf(context)) {
        context.note(`cold fetch, ${clients} client(s), ${starter.name}`);
        const bytes = await upstreamBytes(starter, relay, image.layers[0]!.digest, clients);
        measured.set(starter.name, bytes / tarBytes);
      }
      const layover = measured.get('layover')!;
      rows.push({
        measure: `cold fetch, ${clients === 1 ? '1 client' : `${clients} concurrent clients`}`,
        unit: 'upstream bytes / blob bytes',
        layover,
        distribution: measured.get('distribution'),
        bound: '= 1.00',
        holds: layover === 1,
      });
    }
    return rows;
  } finally {
    await relay.close();
  }
};

async function upstreamBytes(
  starter: PeerStarter,
  relay: CountingRelay,
  digest: string,
  clients: number,
): Promise<number> {
  return withPeer(starter, relay.url, async (peer) => {
    await send({ url: `http://${peer.host}${peer.path('bench/cold')}/manifests/v1`, headers: { Accept: '*/*' } });
    relay.reset();
    await atATime(clients, clients, () => readBlob(peer.host, `${peer.path('bench/cold')}/blobs/${digest}`));
    await quiet(relay);
    return relay.bytesOf(digest);
  });
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
