import type { Digest } from '../../../common/oci/digest';
import type { PullTarget } from '../access/pull-target';
import type { StoredReferrers } from '../known/knowledge';

/** A page of referrers that another node should have too. */
export interface CopiedReferrers {
  readonly digest: Digest;
  /** The name of the page in the local index. */
  readonly name: string;
  readonly page: StoredReferrers;
}

/**
 * Gives a page of referrers to the node that is asked for it if this one is lost, so that an outage
 * of the upstream does not end the list. Does not wait, and never throws: the list is answered
 * without the copy.
 */
export type CopyReferrers = (target: PullTarget, copied: CopiedReferrers) => void;
