import pLimit from 'p-limit';
import type { Descriptor } from '../../../../common/oci/descriptor';
import type { PullTarget } from '../../access/pull-target';
import type { CompleteBlob } from './completion';
import { blobsOf } from './image-blobs';

/**
 * Blobs of one image that are requested at the same time. The fill queue limits how many are
 * fetched in total.
 */
const CONCURRENCY = 8;

/** Fills all blobs of an image immediately, because a client waits for its scan. */
export class ImageFiller {
  /** `arrived` is called to report the arrivals to the control plane immediately. */
  constructor(
    private readonly complete: CompleteBlob,
    private readonly arrived: () => void,
  ) {}

  /**
   * Resolves when every blob is in the store. If a fill fails, rejects with the first error after
   * all fills have ended: an image that lacks a blob cannot be scanned. The fills have the priority
   * of a client until `urgent` aborts, and background priority afterwards. They always continue to
   * the end.
   */
  async fill(target: PullTarget, manifest: Descriptor, content: Buffer, urgent: AbortSignal): Promise<void> {
    const turn = pLimit(CONCURRENCY);
    const outcomes = await Promise.allSettled(
      blobsOf(manifest, content).map((blob) => turn(() => this.complete(target, blob, urgent)).then(this.arrived)),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
}
