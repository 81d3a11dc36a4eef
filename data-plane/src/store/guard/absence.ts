import type { Digest } from '../../../../common/oci/digest';

/**
 * The store was asked for a digest and does not have it. Whoever was given an absence need not ask
 * again before asking the upstream, as long as the absence holds.
 */
export class Absence {
  /** `isCurrent` says whether nothing was stored under the digest since the store was asked. */
  constructor(
    readonly digest: Digest,
    private readonly isCurrent: () => boolean,
  ) {}

  /** Returns false once this process has stored the digest: then the store must be asked again. */
  get holds(): boolean {
    return this.isCurrent();
  }
}
