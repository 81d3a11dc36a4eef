import type { Digest } from '../../../../common/oci/digest';
import type { RepositoryKey } from '../../access/repository-key';

/** The verdict of an organization's scan policy about an image. */
export interface Verdict {
  readonly kind: 'serve' | 'refuse' | 'unscanned';
  /** A text for people: why the image is refused, or how far its scan is. */
  readonly reason: string;
  /** The names of a few vulnerabilities that block the image, most severe first. */
  readonly vulnerabilities: readonly string[];
  /** For `unscanned`: whether a scan may still finish, so that another call makes sense. */
  readonly pending: boolean;
  /** How long the verdict may be cached, in milliseconds; 0 = not at all. */
  readonly goodForMs: number;
}

/** Judges images. The control plane does this, because it knows the scans and the policies. */
export interface ImageJudge {
  /**
   * Returns the known verdict immediately (`waitMs` 0), or as soon as a scan has finished, within
   * `waitMs`. Throws NOT_READY if there is no answer for any reason, and CANCELLED if the signal
   * aborts.
   */
  judge(
    repository: RepositoryKey,
    digest: Digest,
    waitMs: number,
    requestId: string,
    signal: AbortSignal,
  ): Promise<Verdict>;
}
