import type { Reference } from '../../../common/oci/reference';
import type { RepositoryRequest } from '../access/request';

/** A GET or HEAD of a manifest. */
export interface ManifestRequest extends RepositoryRequest {
  readonly reference: Reference;
  readonly headOnly: boolean;
  /** The values of the client's Accept headers; an empty list accepts every media type. */
  readonly accept: readonly string[];
  /** The client's If-None-Match. If it names the manifest, the edge answers 304 without content. */
  readonly ifNoneMatch?: string;
}
