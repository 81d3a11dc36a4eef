import type { Descriptor } from '../../../common/oci/descriptor';
import type { PullTarget } from '../access/pull-target';
import type { BlobAccess, FillableBlob } from './blob-access';
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
  readonly blobAccess: Pick<BlobAccess, 'toComplete' | 'nowReadable' | 'confirmed'>;
  readonly fills: Fills;
}

/**
 * Brings a blob into the store without reading it, and proves it for the organization. Returns at
 * once if a fill for the organization is already running, unless a client waits (`urgent`). A
 * proven blob in the store of this node is not fetched again when another node becomes the first
 * for it. Throws the errors of BlobAccess.toComplete and Fills.complete.
 */
export async function completeBlob(
  parts: CompleteBlobParts,
  blob: FillableBlob,
  urgent: AbortSignal | undefined,
  elsewhere: () => Promise<boolean> | undefined,
): Promise<void> {
  const { blobAccess, fills } = parts;
  const priority = urgent === undefined ? 'background' : 'client';
  if (urgent === undefined && fills.follow(fillRequest(parts, blob, priority))) return;
  let left = await blobAccess.toComplete(blob, urgent);
  if (left === undefined) return;
  const filling = elsewhere();
  if (filling !== undefined) {
    if (await filling) return;
    // Another node may have brought the blob into a shared store in the meantime.
    left = await blobAccess.toComplete(blob, urgent);
    if (left === undefined) return;
  }
  await fills.complete(fillRequest(parts, left, priority), urgent);
}
