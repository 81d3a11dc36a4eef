import type { RequestContext__Output } from '../../../proto/gen/layover/v1/RequestContext';
import type { Owner } from './find-organization';

/**
 * The client and its credentials as the edge sent them; see registry.proto for each field.
 * `authorization` is secret: it is never logged and never sent to an upstream.
 */
export type RequestContext = Readonly<RequestContext__Output>;

/** The fields that all requests for a repository have. */
export interface RepositoryRequest {
  readonly context: RequestContext;
  readonly owner: Owner;
  /** The repository name as the client wrote it; its grammar was checked. */
  readonly repository: string;
  /**
   * Returns whether another reading of the address is tried after a failure, which is then no
   * refusal. Absent if the address has only this reading.
   */
  readonly isTentative?: (thrown: unknown) => boolean;
  /** Aborts if the caller disconnects. */
  readonly signal: AbortSignal | undefined;
}
