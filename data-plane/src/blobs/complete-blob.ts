import type { Descriptor } from '../../../common/oci/descriptor';
import type { PullTarget } from '../access/pull-target';
import { Absence } from '../store/guard/absence';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { FillableBlob } from './blob-access';
import { fillRequest, type FillRequestParts } from './fill-request';
import type { Fills } from './fills/fills';

/** A blob of an image that is to be in the store. */
export type NamedBlob = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Has a blob filled by the node where clients look for it. Returns undefined if that is this node;
 * otherwise resolves with true when the blob is whole there, and with false if no other node can fill
 * it. Throws what the other node's upstream said.
 */
export type FillElsewhere = (
  target: PullTarget,
  blob: NamedBlob,
  urgent: AbortSignal | undefined,
) => Promise<boolean> | undefined;

/** What completion works with. */
export interface CompleteBlobParts extends FillRequestParts {
  readonly stored: StoredBlobs;
  readonly fills: Fills;
}

/**
 * Brings a blob into the store for nobody who reads it. Returns at once if the organization's fill of
 * it is on its way, unless somebody waits (`urgent`). A blob that is in the store of this node is not
 * fetched again because another node is now first for it. Throws what Fills.complete throws.
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
    // Other nodes were tried meanwhile, and may have brought it into a shared store: it is asked again.
    await fills.complete(request, urgent);
  }
}
