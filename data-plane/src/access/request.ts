import type { Owner } from './find-organization';

/** Who asks, as the edge told it. `authorization` is secret: never logged, never sent upstream. */
export interface RequestContext {
  readonly requestId: string;
  readonly clientAddress: string;
  readonly userAgent: string;
  readonly authorization: string;
  /** The rest of an answer that began then, in milliseconds since the epoch: a token that was good at that time is. 0 = a new request. */
  readonly authorizedAt: number;
}

/** The parts that every request for a repository has. */
export interface RepositoryRequest {
  readonly context: RequestContext;
  readonly owner: Owner;
  /** As the client wrote it; grammar checked. */
  readonly repository: string;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal | undefined;
}
