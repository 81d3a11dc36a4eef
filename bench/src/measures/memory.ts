import { setMaxListeners } from 'node:events';
import { startCountingRelay } from '../../../test/support/real/counting-relay';
import { send } from '../../../test/support/real/http-client';
import { peakMemoryBytes } from '../../../test/support/real/process-tree';
import { pushImage } from '../../../test/support/real/push-image';
import { waitUntil } from '../../../test/support/real/wait-until';
import { readBlob } from '../load/read-blob';
import type { Measure } from '../measure';
import { withPeer } from '../peers/peer';

const MIB = 1024 * 1024;
const CLIENTS = 200;
/**
 * Number of clients that read to the end. The others disconnect when the fill ends, because reading
 * all 200 GiB would take minutes and show nothing more.
 */
const TO_THE_END = 2;
const FILL_LIMIT_MS = 300_000;
const LIMIT_MIB = 350;

/** Measures the peak memory of each Layover process while 200 clients read one cold blob. */
export const memory: Measure = async (context) => {
  const tarBytes = (context.quick ? 64 : 1024) * MIB;
  const layers = [{ seed: 'memory', tarBytes, compressed: false }];
  const image = await pushImage(context.upstream, { repository: 'bench/memory', tag: 'v1', layers });
  const relay = await startCountingRelay(context.upstream.url);
  try {
    return await withPeer(context.layover, relay.url, async (peer) => {
      context.note(`memory, ${CLIENTS} clients of one fill`);
      const path = peer.path('bench/memory');
      await send({ url: `http://${peer.host}${path}/manifests/v1`, headers: { Accept: '*/*' } });
      const leave = new AbortController();
      setMaxListeners(CLIENTS, leave.signal);
      const blob = `${path}/blobs/${image.layers[0]!.digest}`;
      const others = Array.from({ length: CLIENTS - TO_THE_END }, () =>
        readBlob(peer.host, blob, leave.signal).catch((error: Error) => {
          if (!leave.signal.aborted) throw error;
        }),
      );
      const whole = Array.from({ length: TO_THE_END }, () => readBlob(peer.host, blob));
      const filled = waitUntil(
        'the end of the fill',
        () => relay.bytesOf(image.layers[0]!.digest) >= tarBytes && relay.quiet(),
        FILL_LIMIT_MS,
      );
      await Promise.race([filled, Promise.all([...others, ...whole, filled])]);
      leave.abort();
      await Promise.all([...others, ...whole]);
      return peer.processes().map(({ name, pid }) => {
        const peak = peakMemoryBytes(pid) / MIB;
        return {
          measure: `peak memory of the ${name}, ${CLIENTS} clients of one fill`,
          unit: 'MiB',
          layover: peak,
          bound: `<= ${LIMIT_MIB}`,
          holds: peak <= LIMIT_MIB,
        };
      });
    });
  } finally {
    await relay.close();
  }
};
