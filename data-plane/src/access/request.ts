import type { RequestContext__Output } from '../../../proto/gen/layover/v1/RequestContext';
import type { Owner } from './find-organization';

/**
 * Who asks, as the edge told it; see registry.proto for each field. `authorization` is secret: it is
 * never logged and never sent upstream.
 */
export type RequestContext = Readonly<RequestContext__Output>;

/** The parts that every request for a repository has. */
export interface RepositoryRequest {
  readonly context: RequestContext;
  readonly owner: Owner;
  /** As the client wrote it; grammar checked. */
  readonly repository: string;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal | undefined;
}
