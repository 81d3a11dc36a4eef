import type { Clock } from '../../../../common/runtime/clock';
import type { StorageHandlers } from '../../../../proto/gen/layover/v1/Storage';
import type { StoredContentParts } from '../../store/maintenance/storage-parts';
import type { UpstreamProber } from '../../upstream/probe/upstream-prober';
import { deleteBlobsRpc } from './delete-blobs';
import { listBlobsRpc } from './list-blobs';
import { probeUpstreamRpc } from './probe-upstream';
import { statBlobsRpc } from './stat-blobs';
import { type StatedJournal, statJournalRpc } from './stat-journal';
import { unary } from '../unary';
import { verifyBlobsRpc } from './verify-blobs';

/** Dependencies of the Storage service. */
export interface StorageParts extends StoredContentParts {
  readonly prober: UpstreamProber;
  readonly journal: StatedJournal;
  readonly clock: Clock;
}

/** Returns the methods of Storage (storage.proto), each from its own file. */
export function storageHandlers(parts: StorageParts): StorageHandlers {
  const { prober, stored, journal, clock, logger } = parts;
  return {
    ProbeUpstream: unary('ProbeUpstream', logger, (message, signal) => probeUpstreamRpc(prober, message, signal)),
    StatBlobs: unary('StatBlobs', logger, (message, signal) => statBlobsRpc(parts, message, signal)),
    DeleteBlobs: unary('DeleteBlobs', logger, (message, signal) => deleteBlobsRpc(parts, message, signal)),
    ListBlobs: unary('ListBlobs', logger, (message) => listBlobsRpc(stored, message)),
    StatJournal: unary('StatJournal', logger, () => statJournalRpc(journal)),
    VerifyBlobs: verifyBlobsRpc(parts, clock, logger),
  };
}
