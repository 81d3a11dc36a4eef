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

/** The address as a message. */
export function addressMessage(address: RepositoryAddress): AddressMessage {
  return address.owner === 'organization'
    ? { organization: address.organization, repository: address.repository }
    : { mirrorHost: address.mirrorHost, repository: address.repository };
}

/** The query as a message. */
export function manifestMessage({ context, address, reference, headOnly, accept }: ManifestQuery): GetManifestRequest {
  const message: GetManifestRequest = { context, address: addressMessage(address), headOnly, accept };
  if (reference.kind === 'tag') message.tag = formatReference(reference);
  else message.digest = formatReference(reference);
  return message;
}

/** The range as the fields of a ReadBlobRequest. */
export function rangeMessage(range: RangeRequest | undefined): Pick<ReadBlobRequest, 'bytes' | 'suffixLength'> {
  if (range === undefined) return {};
  if (range.kind === 'suffix') return { suffixLength: range.length };
  return { bytes: { firstByte: range.first, lastByte: range.last ?? -1 } };
}

/** How bytes may come, as the data plane is told. */
export function accepted(accepts: BlobReadQuery['accepts'], local: boolean): Delivery__Output[] {
  if (accepts === 'inline') return ['INLINE'];
  const files: Delivery__Output[] = local ? ['LOCAL_FILE'] : [];
  return accepts === 'bytes' ? [...files, 'INLINE'] : [...files, 'INLINE', 'REDIRECT'];
}

/** What the cache did; undefined where it is not said. */
export function readCacheStatus(status: CacheStatus__Output): CacheStatus | undefined {
  return status === 'CACHE_STATUS_UNSPECIFIED' ? undefined : status;
}

/** The first message of a read. Throws an Error where it is no header: a data plane that speaks another protocol. */
export function readHeader(message: ReadBlobReply__Output | undefined): BlobHeader {
  const header = message?.header;
  if (header == null) throw new Error(`a read began with ${message?.message ?? 'its end'} in place of a header`);
  return {
    size: header.size,
    offset: header.offset,
    length: header.length,
    cacheStatus: readCacheStatus(header.cacheStatus),
    upstreamHost: header.upstreamHost,
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

/** A message behind the header. Throws an Error for a second header. */
export function readBlobMessage(message: ReadBlobReply__Output): BlobMessage {
  if (message.chunk !== undefined) return { kind: 'chunk', bytes: message.chunk };
  if (message.progress != null) return { kind: 'progress', available: message.progress.available };
  throw new Error(`a read went on with ${message.message ?? 'an empty message'}`);
}
