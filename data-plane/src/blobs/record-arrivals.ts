import type { Logger } from '../../../common/runtime/logger';
import type { PullTarget } from '../access/pull-target';
import type { BlobStore } from '../store/blob-store';
import type { Fills } from './fills/fills';
import type { PullJournal } from '../journal/pull-journal';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { ContentUses } from '../store/uses/content-uses';
import type { AllowedBlob } from './blob-access';
import { fillRequest } from './fill-request';

/** What arrivals work with. */
export interface BlobArrivalsParts {
  readonly fills: Fills;
  readonly store: BlobStore;
  readonly upstream: UpstreamRegistry;
  readonly journal: PullJournal;
  readonly uses: ContentUses;
  readonly logger: Logger;
}

/**
 * Tells the control plane of blobs that came whole into the store, once for each organization that had them fetched. Until they are there, or
 * have failed, they are in use for every repository that asked, also when its clients have left.
 */
export class BlobArrivals {
  /** Organization and digest; what is awaited never rejects. */
  private readonly awaited = new Map<string, Promise<void>>();

  constructor(private readonly parts: BlobArrivalsParts) {}

  /**
   * A client follows a fill of this blob: when it is in the store, that is recorded. Never throws, and asks nothing of upstream that
   * the running fill does not. Called at once after the fill was opened, while a failure of it is still shared.
   */
  expect(target: PullTarget, blob: AllowedBlob): void {
    // What goes wrong with the fill is told to its clients; nobody needs to hear of it twice.
    this.bringIn(target, blob).catch(() => undefined);
  }

  /**
   * Fills the blob in the background, or finds it there or on its way. `urgent`: somebody waits for it, so that its fill counts as a client's until the signal aborts; then, what is on its way
   * is waited for. Throws what Fills.complete throws.
   */
  async complete(target: PullTarget, blob: AllowedBlob, urgent?: AbortSignal): Promise<void> {
    if ((await this.parts.store.stat(blob.digest)) !== undefined) return;
    if (urgent === undefined) await this.bringIn(target, blob);
    else await Promise.all([this.bringIn(target, blob), this.waitFor(target, blob, urgent)]);
  }

  /** Sits in the fill as a client does, until it is over: a client lifts it above the background. */
  private async waitFor(target: PullTarget, blob: AllowedBlob, signal: AbortSignal): Promise<void> {
    const { fills, upstream, journal } = this.parts;
    const reader = await fills.open(fillRequest(upstream, journal, target, blob, 'client'), signal);
    try {
      if (reader.origin === 'fill') await reader.waitBeyond(reader.size - 1, signal);
    } finally {
      await reader.close();
    }
  }

  private async bringIn(target: PullTarget, blob: AllowedBlob): Promise<void> {
    const { organizationUid, repository } = target.key;
    const key = `${organizationUid} ${blob.digest}`;
    const end = this.parts.uses.begin({ organizationUid, repository, digest: blob.digest });
    const running = this.awaited.get(key);
    if (running !== undefined) {
      void running.then(end);
      return;
    }
    const arrival = this.arrive(target, blob);
    const over = arrival
      .catch(() => undefined)
      .then(() => {
        this.awaited.delete(key);
        end();
      });
    this.awaited.set(key, over);
    await arrival;
  }

  private async arrive(target: PullTarget, blob: AllowedBlob): Promise<void> {
    const { fills, store, upstream, journal, logger } = this.parts;
    await fills.complete(fillRequest(upstream, journal, target, blob, 'background'));
    const size = await store.stat(blob.digest);
    if (size === undefined) return;
    const { organizationUid } = target.key;
    await journal
      .append({ blob: { organizationUid, digest: blob.digest, size, bytesServed: 0, bytesFetched: 0 } })
      .catch((error: unknown) => logger.warn({ err: error, digest: blob.digest }, 'an arrival could not be recorded'));
  }
}
