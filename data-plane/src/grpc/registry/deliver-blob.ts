import type { ResolvedRange } from '../../../../common/oci/byte-range';
import type { Clock } from '../../../../common/runtime/clock';
import type { CacheStatus } from '../../../../proto/gen/layover/v1/CacheStatus';
import type { Delivery } from '../../../../proto/gen/layover/v1/Delivery';
import type { ReadBlobReply } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { BlobReader } from '../../blobs/blob-source';

/** One answer to ReadBlob. */
export interface BlobDelivery {
  /** Closed by the delivery, however it ends: begin iterating at once, or close it yourself. */
  readonly reader: BlobReader;
  /** What is wanted, within the blob. */
  readonly range: ResolvedRange;
  /** What the caller can take; INLINE is understood. */
  readonly accepts: readonly Delivery[];
  readonly cacheStatus: CacheStatus;
  readonly upstreamHost: string;
  readonly clock: Clock;
  /** Aborts when the caller is gone: what the delivery waits for then ends at once. */
  readonly signal: AbortSignal;
  /** Told of bytes handed out (statistics): sent inline, or made readable to the caller. */
  readonly onServed?: (bytes: number) => void;
}

/**
 * The messages of one ReadBlob, in the order of registry.proto: header, then chunks or progress. Throws the fill's failure, which the
 * sender turns into the call's error, so that the edge destroys its connection; CANCELLED when the signal aborts.
 *
 * LOCAL_FILE: the caller opens the path before anything else, and what it has open stays readable whatever becomes of the name. Of a blob
 * that is whole there is nothing more to say; a growing one is followed until the range may be read. Then the call ends by itself: a caller
 * that cancelled each of its calls would lose its connection, since HTTP/2 servers take more than some thirty resets a second for an attack
 * (CVE-2023-44487; nghttp2 allows a thousand at once). Who comes too late for the name asks for the bytes over the call.
 */
export async function* deliverBlob(delivery: BlobDelivery): AsyncGenerator<ReadBlobReply, void, undefined> {
  try {
    const local = delivery.reader.path !== undefined && delivery.accepts.includes('LOCAL_FILE');
    if (local) yield* deliverFile(delivery);
    else yield* deliverInline(delivery);
  } finally {
    await delivery.reader.close();
  }
}

async function* deliverInline(delivery: BlobDelivery): AsyncGenerator<ReadBlobReply, void, undefined> {
  const { reader, range, signal, onServed } = delivery;
  yield header(delivery, 'INLINE', {});
  for await (const chunk of reader.read(range.offset, range.length, signal)) {
    onServed?.(chunk.length);
    yield { chunk };
  }
}

async function* deliverFile(delivery: BlobDelivery): AsyncGenerator<ReadBlobReply, void, undefined> {
  const { reader, range, signal, onServed } = delivery;
  const end = range.offset + range.length;
  let available = reader.available;
  let counted = range.offset;
  const count = (): void => {
    const readable = Math.min(available, end);
    if (readable > counted) onServed?.(readable - counted);
    counted = Math.max(counted, readable);
  };
  count();
  yield header(delivery, 'LOCAL_FILE', { path: reader.path, available });
  while (available < end) {
    available = await reader.waitBeyond(available, signal);
    count();
    yield { progress: { available } };
  }
}

function header(
  delivery: BlobDelivery,
  how: Delivery,
  file: { readonly path?: string; readonly available?: number },
): ReadBlobReply {
  const { reader, range, cacheStatus, upstreamHost } = delivery;
  const { offset, length } = range;
  return { header: { size: reader.size, offset, length, cacheStatus, upstreamHost, delivery: how, ...file } };
}
