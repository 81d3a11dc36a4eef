import type { Descriptor } from '../../../common/oci/descriptor';
import type { PullTarget } from '../access/pull-target';
import { Absence } from '../store/guard/absence';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { FillableBlob } from './blob-access';
import { fillRequest, type FillRequestParts } from './fill-request';
import type { Fills } from './fills/fills';

/** A blob of an image, as its manifest names it. */
export type NamedBlob = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Fills a blob on the node where clients look for it. Returns undefined if that is this node.
 * Otherwise resolves with true when that node holds the complete blob, or with false if no other
 * node can fill it. Throws the upstream error of the other node.
 */
export type FillElsewhere = (
  target: PullTarget,
  blob: NamedBlob,
  urgent: AbortSignal | undefined,
) => Promise<boolean> | undefined;

/** Dependencies of completeBlob. */
export interface CompleteBlobParts extends FillRequestParts {
  readonly stored: StoredBlobs;
  readonly fills: Fills;
}

/**
 * Brings a blob into the store without reading it. Returns at once if a fill for the organization
 * is already running, unless a client waits (`urgent`). A blob in the store of this node is not
 * fetched again when another node becomes the first for it. Throws the errors of Fills.complete.
 */
export async function completeBlob(
  parts: CompleteBlobParts,
  blob: FillableBlob,
  urgent: AbortSignal | undefined,
  elsewhere: () => Promise<boolean> | undefined,
): Promise<void> {
  const { stored, fills } = parts;
  const request = fillRequest(parts, blob, urgent === undefined ? 'background' : 'client');
  if (urgent === undefined && fills.follow(request)) return;
  const found = await stored.stat(blob.digest);
  if (!(found instanceof Absence)) return;
  const filling = elsewhere();
  if (filling === undefined) {
    await fills.complete({ ...request, absence: found }, urgent);
  } else if (!(await filling)) {
    // Another node may have brought the blob into a shared store in the meantime, so the absence
    // found above is out of date. The fill asks the store again.
    await fills.complete(request, urgent);
  }
}
