import type { RangeRequest } from '../../../../common/oci/byte-range';
import { formatReference } from '../../../../common/oci/reference';
import type { BlobHeader__Output } from '../../../../proto/gen/layover/v1/BlobHeader';
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
export function manifestMessage({ context, address, reference, headOnly, accept }: ManifestQuery): GetManifestRequest {
  const message: GetManifestRequest = { context, address: addressMessage(address), headOnly, accept };
  if (reference.kind === 'tag') message.tag = formatReference(reference);
  else message.digest = formatReference(reference);
  return message;
}

/** Converts a range to the fields of a ReadBlobRequest. */
export function rangeMessage(range: RangeRequest | undefined): Pick<ReadBlobRequest, 'bytes' | 'suffixLength'> {
  if (range === undefined) return {};
  if (range.kind === 'suffix') return { suffixLength: range.length };
  return { bytes: { firstByte: range.first, lastByte: range.last ?? -1 } };
}

/** Returns the accepted deliveries for the data plane. */
export function accepted(accepts: BlobReadQuery['accepts'], local: boolean): Delivery__Output[] {
  if (accepts === 'inline') return ['INLINE'];
  const files: Delivery__Output[] = local ? ['LOCAL_FILE'] : [];
  return accepts === 'bytes' ? [...files, 'INLINE'] : [...files, 'INLINE', 'REDIRECT'];
}

/** Converts a cache status; undefined if the data plane reports none. */
export function readCacheStatus(status: CacheStatus__Output): CacheStatus | undefined {
  return status === 'CACHE_STATUS_UNSPECIFIED' ? undefined : status;
}

/**
 * Converts the first message of a read. Throws an Error if it is not a header, because the data
 * plane then uses another protocol.
 */
export function readHeader(message: ReadBlobReply__Output | undefined): BlobHeader {
  const header = message?.header;
  if (header == null) throw new Error(`ReadBlob began with ${message?.message ?? 'its end'} instead of a header.`);
  return blobHeaderOf(header);
}

/** Converts a header. */
export function blobHeaderOf(header: BlobHeader__Output): BlobHeader {
  return {
    size: header.size,
    offset: header.offset,
    length: header.length,
    cacheStatus: readCacheStatus(header.cacheStatus),
    upstreamHost: header.upstreamHost,
    private: header.private,
    delivery: readDelivery(header),
  };
}

function readDelivery(header: BlobHeader__Output): BlobDelivery {
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
