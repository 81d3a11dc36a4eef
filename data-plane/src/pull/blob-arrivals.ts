import type { Logger } from '../../../common/runtime/logger';
import type { PullTarget } from '../access/pull-target';
import type { BlobStore } from '../blob/blob-store';
import type { Fills } from '../fill/fills';
import type { PullJournal } from '../records/pull-journal';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { AllowedBlob } from './blob-access';
import { fillRequest } from './blob-fill';

/** What arrivals work with. */
export interface BlobArrivalsParts {
  readonly fills: Fills;
  readonly store: BlobStore;
  readonly upstream: UpstreamRegistry;
  readonly journal: PullJournal;
  readonly logger: Logger;
}

/** Tells the control plane of blobs that came whole into the store, once for each organization that had them fetched. */
export class BlobArrivals {
  private readonly awaited = new Set<string>();

  constructor(private readonly parts: BlobArrivalsParts) {}

  /**
   * A client follows a fill of this blob: when it is in the store, that is recorded. Never throws, and asks nothing of upstream that
   * the running fill does not. Called at once after the fill was opened, while a failure of it is still shared.
   */
  expect(target: PullTarget, blob: AllowedBlob): void {
    // What goes wrong with the fill is told to its clients; nobody needs to hear of it twice.
    this.bringIn(target, blob).catch(() => undefined);
  }

  /** Fills the blob in the background, or finds it there. Throws what Fills.complete throws. */
  async complete(target: PullTarget, blob: AllowedBlob): Promise<void> {
    if ((await this.parts.store.stat(blob.digest)) === undefined) await this.bringIn(target, blob);
  }

  private async bringIn(target: PullTarget, blob: AllowedBlob): Promise<void> {
    const { organizationUid } = target.key;
    const key = `${organizationUid} ${blob.digest}`;
    if (this.awaited.has(key)) return;
    this.awaited.add(key);
    const { fills, store, upstream, journal, logger } = this.parts;
    try {
      await fills.complete(fillRequest(upstream, journal, target, blob, 'background'));
      const size = await store.stat(blob.digest);
      if (size === undefined) return;
      await journal
        .append({ blob: { organizationUid, digest: blob.digest, size, bytesServed: 0, bytesFetched: 0 } })
        .catch((error: unknown) =>
          logger.warn({ err: error, digest: blob.digest }, 'an arrival could not be recorded'),
        );
    } finally {
      this.awaited.delete(key);
    }
  }
}
