import { isAbsolute } from 'node:path';
import { TICKET_BYTES } from '../../../../common/channel/channel-frames';
import type { BufferPair } from '../../../../common/files/buffer-pool';
import type { RangeRequest } from '../../../../common/oci/byte-range';
import { formatReference } from '../../../../common/oci/reference';
import type { ListenAddress } from '../../../../common/runtime/listen-address';
import type { BlobHeader__Output } from '../../../../proto/gen/layover/v1/BlobHeader';
import type { ByteChannel__Output } from '../../../../proto/gen/layover/v1/ByteChannel';
import type { CacheStatus__Output } from '../../../../proto/gen/layover/v1/CacheStatus';
import type { Delivery__Output } from '../../../../proto/gen/layover/v1/Delivery';
import type { GetManifestRequest } from '../../../../proto/gen/layover/v1/GetManifestRequest';
import type { ReadBlobReply__Output } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { ReadBlobRequest } from '../../../../proto/gen/layover/v1/ReadBlobRequest';
import type { RepositoryAddress as AddressMessage } from '../../../../proto/gen/layover/v1/RepositoryAddress';
import type {
  BlobDelivery,
  BlobHeader,
  BlobMessage,
  BlobReadQuery,
  ByteFlow,
  CacheStatus,
  ManifestQuery,
  RepositoryAddress,
} from '../registry-reader';

/** Converts an address to its message. */
export function addressMessage(address: RepositoryAddress): AddressMessage {
  const { repository } = address;
  switch (address.owner) {
    case 'organization':
      return { organization: address.organization, repository };
    case 'mirror':
      return { mirrorHost: address.mirrorHost, repository };
    case 'host':
      return { mirrorHost: address.mirrorHost ?? address.host, hostOrganization: address.organization, repository };
  }
}

/** Converts a query to its message. */
export function manifestMessage(query: ManifestQuery): GetManifestRequest {
  const { context, address, reference, headOnly, accept, ifNoneMatch } = query;
  const message: GetManifestRequest = { context, address: addressMessage(address), headOnly, accept };
  if (reference.kind === 'tag') message.tag = formatReference(reference);
  else message.digest = formatReference(reference);
  if (ifNoneMatch !== undefined) message.ifNoneMatch = ifNoneMatch;
  return message;
}

/** Converts a range to the fields of a ReadBlobRequest. */
export function rangeMessage(range: RangeRequest | undefined): Pick<ReadBlobRequest, 'bytes' | 'suffixLength'> {
  if (range === undefined) return {};
  if (range.kind === 'suffix') return { suffixLength: range.length };
  return { bytes: { firstByte: range.first, lastByte: range.last ?? -1 } };
}

/** Returns the accepted deliveries for the data plane. */
export function accepted(
  accepts: BlobReadQuery['accepts'],
  { local, channel }: { readonly local: boolean; readonly channel: boolean },
): Delivery__Output[] {
  if (accepts === 'inline') return ['INLINE'];
  const bytes: Delivery__Output[] = [];
  if (local) bytes.push('LOCAL_FILE');
  if (channel) bytes.push('CHANNEL');
  bytes.push('INLINE');
  return accepts === 'bytes' ? bytes : [...bytes, 'REDIRECT'];
}

/** Converts a cache status; undefined if the data plane reports none. */
export function readCacheStatus(status: CacheStatus__Output): CacheStatus | undefined {
  return status === 'CACHE_STATUS_UNSPECIFIED' ? undefined : status;
}

/**
 * Returns where the byte channel of a data plane is that is reached at `host`, and the ticket.
 * Throws an Error if the message does not say it.
 */
export function readChannel(
  channel: ByteChannel__Output | null,
  host: ListenAddress,
): { readonly address: ListenAddress; readonly ticket: Buffer } {
  const { ticket, port, path } = channel ?? {};
  if (ticket === undefined || ticket.length !== TICKET_BYTES) throw new Error('The answer has no ticket.');
  if (path !== undefined && isAbsolute(path)) return { ticket, address: { kind: 'unix', path } };
  if (port === undefined || port < 1 || port > 65_535 || host.kind === 'unix')
    throw new Error('The answer has no usable address of the byte channel.');
  return { ticket, address: { ...host, port } };
}

/**
 * Converts the first message of a read. Throws an Error if it is not a header, because the data
 * plane then uses another protocol. `openChannel`: see BlobDelivery; for the delivery CHANNEL.
 */
export function readHeader(
  message: ReadBlobReply__Output | undefined,
  openChannel: ((buffers: BufferPair) => Promise<ByteFlow | undefined>) | undefined,
): BlobHeader {
  const header = message?.header;
  if (header == null) throw new Error(`ReadBlob began with ${message?.message ?? 'its end'} instead of a header.`);
  return blobHeaderOf(header, openChannel);
}

/** Converts a header. `openChannel`: see BlobDelivery; undefined for any other delivery. */
export function blobHeaderOf(
  header: BlobHeader__Output,
  openChannel?: (buffers: BufferPair) => Promise<ByteFlow | undefined>,
): BlobHeader {
  return {
    size: header.size,
    offset: header.offset,
    length: header.length,
    cacheStatus: readCacheStatus(header.cacheStatus),
    upstreamHost: header.upstreamHost,
    private: header.private,
    delivery: readDelivery(header, openChannel),
  };
}

function readDelivery(
  header: BlobHeader__Output,
  openChannel: ((buffers: BufferPair) => Promise<ByteFlow | undefined>) | undefined,
): BlobDelivery {
  if (openChannel !== undefined) return { kind: 'channel', open: openChannel };
  switch (header.delivery) {
    case 'LOCAL_FILE':
      return { kind: 'local-file', path: header.path, available: header.available };
    case 'REDIRECT':
      return { kind: 'redirect', url: header.url };
    default:
      return { kind: 'inline' };
  }
}

/** Converts a message after the header. Throws an Error for a second header. */
export function readBlobMessage(message: ReadBlobReply__Output): BlobMessage {
  if (message.chunk !== undefined) return { kind: 'chunk', bytes: message.chunk };
  if (message.progress != null) return { kind: 'progress', available: message.progress.available };
  throw new Error(`ReadBlob continued with ${message.message ?? 'an empty message'}.`);
}
