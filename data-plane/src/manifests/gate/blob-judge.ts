import type { Digest } from '../../../../common/oci/digest';
import type { RepositoryKey } from '../../access/repository-key';
import type { Verdict } from './image-judge';

/** Whether the scan policy of an organization refuses a blob. */
export type BlobVerdict =
  | { readonly kind: 'serve'; readonly goodForMs: number }
  | ({ readonly kind: 'refuse'; readonly image: Digest } & Pick<Verdict, 'reason' | 'vulnerabilities'>);

/** Judges blobs. The control plane does this, because it knows all images that name a blob. */
export interface BlobJudge {
  /** Throws NOT_READY if there is no answer for any reason. */
  judge(repository: RepositoryKey, digest: Digest, requestId: string): Promise<BlobVerdict>;
}
