import type { Digest } from '../../../../common/oci/digest';
import type { RepositoryKey } from '../../access/repository-key';

/** What an organization's gate says about an image. */
export interface Verdict {
  readonly kind: 'serve' | 'refuse' | 'unscanned';
  /** For a person: why it is refused, or how far its scan is. */
  readonly reason: string;
  /** Names of the vulnerabilities that block it, the worst first; a few. */
  readonly vulnerabilities: readonly string[];
  /** Of `unscanned`: a scan may still end, so that it is worth asking again. */
  readonly pending: boolean;
  /** How long it may be kept, in milliseconds; 0 = not at all. */
  readonly goodForMs: number;
}

/** Who judges images: the control plane, which knows scans and what the organization blocks. */
export interface ImageJudge {
  /**
   * Says at once what is known (`waitMs` 0), or as soon as a scan has ended, within `waitMs`. Throws NOT_READY where no answer comes for whatever reason, and CANCELLED when the
   * signal aborts.
   */
  judge(
    repository: RepositoryKey,
    digest: Digest,
    waitMs: number,
    requestId: string,
    signal: AbortSignal,
  ): Promise<Verdict>;
}
