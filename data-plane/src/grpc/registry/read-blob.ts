import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { RangeRequest } from '../../../../common/oci/byte-range';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { ReadBlobReply } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { ReadBlobRequest__Output } from '../../../../proto/gen/layover/v1/ReadBlobRequest';
import { deliverBlob } from './deliver-blob';
import type { Addresses } from '../../access/addresses';
import type { BlobRequest, BlobService } from '../../blobs/blob-service';
import type { BlobReadOptions } from '../../blobs/open-blob';
import type { ByteChannelOffers } from '../../channel/byte-listener';
import { readDigest, readRepository } from '../read-request';
import type { RunningReads } from './running-reads';
import { sendStream } from '../send-stream';
import { logFailure } from '../unary';

/** Dependencies of ReadBlob. */
export interface ReadBlobParts {
  readonly addresses: Addresses;
  readonly blobs: BlobService;
  /** Undefined if this data plane has no byte channel. */
  readonly channel?: ByteChannelOffers | undefined;
  readonly reads: RunningReads;
  /** Whether all data planes see the same stored blobs. */
  readonly isShared: boolean;
  /** Notes that many readers of a blob are coming; undefined = no local copies are kept. */
  readonly expectReaders?: ((digest: Digest) => void) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Returns the handler of Registry.ReadBlob (registry.proto). It fails with NAME_INVALID,
 * DIGEST_INVALID, RANGE_INVALID and the errors of BlobService.open and of the fill.
 */
export function readBlob(parts: ReadBlobParts): handleServerStreamingCall<ReadBlobRequest__Output, ReadBlobReply> {
  const { clock, logger } = parts;
  return (call) => {
    void sendStream(call, (signal) => messages(parts, call.request, signal), {
      clock,
      onFailure: (error) => logFailure(logger, 'ReadBlob', error, call.request.context?.requestId ?? ''),
    });
  };
}

async function* messages(
  { addresses, blobs, channel, reads, isShared, expectReaders, clock }: ReadBlobParts,
  message: ReadBlobRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<ReadBlobReply, void, undefined> {
  const read = readBlobRead(message, signal);
  const { digest } = read;
  if (message.further) expectReaders?.(digest);
  const opened = await addresses.answer(read, (request) => blobs.open(request));
  if (opened.kind === 'bytes') {
    const { onServed, ...bytes } = opened;
    const counter = message.counted ? {} : { onServed };
    const { accepts } = message;
    yield* deliverBlob({ ...bytes, ...counter, digest, accepts, channel, reads, isShared, clock, signal });
    return;
  }
  const { size, url, cacheStatus, upstreamHost, private: isPrivate, range } = opened;
  yield { header: { size, ...range, cacheStatus, upstreamHost, private: isPrivate, delivery: 'REDIRECT', url } };
}

/**
 * Reads a request for the bytes of a blob. Throws NAME_INVALID, DIGEST_INVALID and RANGE_INVALID.
 */
export function readBlobRead(message: ReadBlobRequest__Output, signal: AbortSignal): BlobRequest & BlobReadOptions {
  return {
    ...readRepository(message, signal),
    signal,
    digest: readDigest(message.digest),
    range: readRange(message),
    redirectable: message.accepts.includes('REDIRECT'),
    further: message.further,
  };
}

function readRange(message: ReadBlobRequest__Output): RangeRequest | undefined {
  if (message.range === 'suffixLength') {
    const length = message.suffixLength ?? 0;
    return isCount(length) ? { kind: 'suffix', length } : invalidRange();
  }
  if (message.range !== 'bytes') return undefined;
  const { firstByte = 0, lastByte = -1 } = message.bytes ?? {};
  if (!isCount(firstByte) || (lastByte !== -1 && (!isCount(lastByte) || lastByte < firstByte))) return invalidRange();
  return { kind: 'bytes', first: firstByte, ...(lastByte === -1 ? {} : { last: lastByte }) };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function invalidRange(): never {
  throw new LayoverError('RANGE_INVALID', { message: 'The range of the request is invalid.' });
}
