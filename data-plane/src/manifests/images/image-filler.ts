import pLimit from 'p-limit';
import type { Descriptor } from '../../../../common/oci/descriptor';
import type { PullTarget } from '../../access/pull-target';
import type { CompleteBlob } from './completion';
import { blobsOf } from './image-blobs';

/** Blobs of one image that are asked for at a time; how many of all are fetched the fill queue says. */
const AT_A_TIME = 8;

/** Brings all of an image in at once, because somebody waits for its scan. */
export class ImageFiller {
  /** `arrived`: what came in is to be told to the control plane now. */
  constructor(
    private readonly complete: CompleteBlob,
    private readonly arrived: () => void,
  ) {}

  /**
   * Resolves when every blob is in the store. Rejects with the first failure once all have ended: an image without one of its blobs can't be scanned. Until `urgent` aborts the
   * fills count as a client's, afterwards as the background's; they go on to their end.
   */
  async fill(target: PullTarget, manifest: Descriptor, content: Buffer, urgent: AbortSignal): Promise<void> {
    const turn = pLimit(AT_A_TIME);
    const outcomes = await Promise.allSettled(
      blobsOf(manifest, content).map((blob) => turn(() => this.complete(target, blob, urgent)).then(this.arrived)),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
}
