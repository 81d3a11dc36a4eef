import type { Clock } from '../../../../common/runtime/clock';
import type { StorageHandlers } from '../../../../proto/gen/layover/v1/Storage';
import type { StoredContentParts } from '../../store/maintenance/storage-parts';
import type { UpstreamProber } from '../../upstream/probe/upstream-prober';
import { deleteBlobsRpc } from './delete-blobs';
import { listBlobsRpc } from './list-blobs';
import { probeUpstreamRpc } from './probe-upstream';
import { statBlobsRpc } from './stat-blobs';
import { unary } from '../unary';
import { verifyBlobsRpc } from './verify-blobs';

/** What the Storage service answers from. */
export interface StorageParts extends StoredContentParts {
  readonly prober: UpstreamProber;
  readonly clock: Clock;
}

/** The methods of Storage (storage.proto), each in a file of its own. */
export function storageHandlers(parts: StorageParts): StorageHandlers {
  const { prober, stored, clock, logger } = parts;
  return {
    ProbeUpstream: unary('ProbeUpstream', logger, (message, signal) => probeUpstreamRpc(prober, message, signal)),
    StatBlobs: unary('StatBlobs', logger, (message, signal) => statBlobsRpc(parts, message, signal)),
    DeleteBlobs: unary('DeleteBlobs', logger, (message, signal) => deleteBlobsRpc(parts, message, signal)),
    ListBlobs: unary('ListBlobs', logger, (message) => listBlobsRpc(stored, message)),
    VerifyBlobs: verifyBlobsRpc(parts, clock, logger),
  };
}
