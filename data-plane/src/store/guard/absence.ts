import type { Digest } from '../../../../common/oci/digest';

/**
 * The answer of the store that it does not hold a digest. While the absence holds, its owner may
 * ask the upstream without asking the store again.
 */
export class Absence {
  /** `isCurrent` returns whether nothing was stored under the digest since the store was asked. */
  constructor(
    readonly digest: Digest,
    private readonly isCurrent: () => boolean,
  ) {}

  /** False once this process has stored the digest; the store must then be asked again. */
  get holds(): boolean {
    return this.isCurrent();
  }
}
