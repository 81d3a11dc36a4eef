import { withTimeout } from '../../../../common/async/deadline';
import type { ResolvedRange } from '../../../../common/oci/byte-range';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { BlobHeader } from '../../../../proto/gen/layover/v1/BlobHeader';
import type { CacheStatus } from '../../../../proto/gen/layover/v1/CacheStatus';
import type { Delivery } from '../../../../proto/gen/layover/v1/Delivery';
import type { ReadBlobReply } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { BlobReader } from '../../blobs/blob-source';
import type { AddressedOffer, ByteChannelOffers } from '../../channel/byte-listener';
import { READ_CHUNK_BYTES } from '../../store/read-file-range';
import type { RunningReads } from './running-reads';

/** How often the caller hears what was sent over the byte channel, in milliseconds. */
const REPORT_MS = 5_000;

/** What a header says about the load by a blob. */
type ReadLoad = Pick<BlobHeader, 'readers' | 'shared'>;

/** One answer to ReadBlob. */
export interface ReadBlobAnswer {
  /**
   * The delivery closes the reader, however it ends. The caller must start to iterate at once, or
   * close the reader itself.
   */
  readonly reader: BlobReader;
  /** The requested range, within the blob. */
  readonly range: ResolvedRange;
  /** Deliveries that the caller supports; INLINE is implied. */
  readonly accepts: readonly Delivery[];
  /** Undefined if this data plane has no byte channel. */
  readonly channel?: ByteChannelOffers | undefined;
  readonly digest: Digest;
  /** Counts the answers with bytes. */
  readonly reads: RunningReads;
  /** Whether all data planes see the same stored blobs. */
  readonly isShared: boolean;
  readonly cacheStatus: CacheStatus;
  readonly upstreamHost: string;
  /** Whether the organization is private. */
  readonly private: boolean;
  readonly clock: Clock;
  /** Aborts when the caller is gone. Ends all waits of the delivery. */
  readonly signal: AbortSignal;
  /**
   * Called with the number of bytes that were sent or made readable to the caller (statistics).
   * Undefined if another answer counts them.
   */
  readonly onServed?: (bytes: number) => void;
}

/**
 * Yields the messages of one ReadBlob in the order of registry.proto: header, then chunks or
 * progress. Throws the failure of the fill, which the sender turns into the status of the call, so
 * that the edge destroys its connection. Throws CANCELLED if the signal aborts.
 *
 * LOCAL_FILE: the caller opens the path first; the open file stays readable even if its name is
 * removed. For a complete blob, the header is the only message. For a growing blob, progress
 * messages follow until the whole range is readable. Then the call ends by itself. If the caller
 * cancelled its calls instead, it would lose its connection: HTTP/2 servers treat more than about
 * thirty resets per second as an attack (CVE-2023-44487; nghttp2 allows a burst of a thousand). A
 * caller that finds the path removed requests the bytes inline. Only this answer counts them then.
 *
 * CHANNEL: progress messages say how much was sent, so that the caller notices a connection that
 * swallows bytes. The call ends when all bytes were sent.
 */
export async function* deliverBlob(delivery: ReadBlobAnswer): AsyncGenerator<ReadBlobReply, void, undefined> {
  try {
    const { reader, accepts } = delivery;
    if (reader.path !== undefined && accepts.includes('LOCAL_FILE')) yield* deliverFile(delivery);
    else yield* deliverBytes(delivery);
  } finally {
    await delivery.reader.close();
  }
}

async function* deliverBytes(delivery: ReadBlobAnswer): AsyncGenerator<ReadBlobReply, void, undefined> {
  const { reads, digest, isShared, reader } = delivery;
  const read = reads.begin(digest);
  const load = { readers: read.count, shared: isShared && reader.origin === 'store' };
  try {
    const offer = offerBytes(delivery);
    if (offer !== undefined) yield* deliverByChannel(delivery, offer, load);
    else yield* deliverInline(delivery, load);
  } finally {
    read.end();
  }
}

async function* deliverInline(
  delivery: ReadBlobAnswer,
  load: ReadLoad,
): AsyncGenerator<ReadBlobReply, void, undefined> {
  const { reader, range, signal, onServed } = delivery;
  yield header(delivery, 'INLINE', load);
  for await (const chunk of reader.read(range.offset, range.length, signal)) {
    onServed?.(chunk.length);
    yield { chunk };
  }
}

/** Offers the bytes over the byte channel. What fits into one message is cheaper inline. */
function offerBytes({ reader, range, accepts, channel, signal, onServed }: ReadBlobAnswer): AddressedOffer | undefined {
  if (range.length <= READ_CHUNK_BYTES || !accepts.includes('CHANNEL')) return undefined;
  return channel?.offer({ reader, range, signal, onServed });
}

async function* deliverByChannel(
  delivery: ReadBlobAnswer,
  offer: AddressedOffer,
  load: ReadLoad,
): AsyncGenerator<ReadBlobReply, void, undefined> {
  const { ticket, address, sent } = offer;
  const isSent = sent.then(() => true);
  // Handled by whoever waits; nobody does if the caller leaves before.
  isSent.catch(() => undefined);
  const untilReport = (): Promise<boolean> => withTimeout(delivery.clock, REPORT_MS, isSent, () => false);
  try {
    yield header(delivery, 'CHANNEL', { ...load, channel: { ticket, ...address } });
    for (let reported = 0; !(await untilReport());) {
      if (offer.sentBytes === reported) continue;
      reported = offer.sentBytes;
      yield { progress: { available: delivery.range.offset + reported } };
    }
  } finally {
    await offer.end();
  }
}

async function* deliverFile(delivery: ReadBlobAnswer): AsyncGenerator<ReadBlobReply, void, undefined> {
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
  delivery: ReadBlobAnswer,
  how: Delivery,
  more: ReadLoad & Pick<BlobHeader, 'path' | 'available' | 'channel'>,
): ReadBlobReply {
  const { reader, range, cacheStatus, upstreamHost, private: isPrivate } = delivery;
  const { offset, length } = range;
  return {
    header: {
      size: reader.size,
      offset,
      length,
      cacheStatus,
      upstreamHost,
      private: isPrivate,
      delivery: how,
      ...more,
    },
  };
}
