import type { Digest } from '../../../common/oci/digest';
import type { RangeRequest } from '../../../common/oci/byte-range';
import type { Reference, RepositoryName } from '../../../common/oci/reference';

/** Origin of a request. The data plane stores it in the pull record. */
export interface RequestContext {
  /** 1 to 64 characters of [A-Za-z0-9._-]. */
  readonly requestId: string;
  /** Address without port, IPv4 addresses never as ::ffff:a.b.c.d. Empty for a unix socket. */
  readonly clientAddress: string;
  /** At most 256 characters. */
  readonly userAgent: string;
  /** The Authorization header, or empty. Never logged. */
  readonly authorization: string;
}

/**
 * Address of a repository: by organization (path form), or by the registry host that is mirrored
 * (`?ns=`, docs/design/pull-semantics.md#addressing).
 */
export type RepositoryAddress =
  | { readonly owner: 'organization'; readonly organization: string; readonly repository: RepositoryName }
  | { readonly owner: 'mirror'; readonly mirrorHost: string; readonly repository: RepositoryName };

/** Cache status of an answer (docs/design/pull-semantics.md#cache-status). */
export type CacheStatus = 'HIT' | 'REVALIDATED' | 'UPDATED' | 'MISS' | 'STALE' | 'BYPASS' | 'REFUSED' | 'ERROR';

/** Cache status and upstream of an answer. */
export interface Provenance {
  /** Undefined if the data plane reports none. */
  readonly cacheStatus: CacheStatus | undefined;
  /** Host of the upstream; empty if the data plane reports none. */
  readonly upstreamHost: string;
}

/** Repository and origin of a request. */
export interface RepositoryQuery {
  readonly context: RequestContext;
  readonly address: RepositoryAddress;
}

export interface ManifestQuery extends RepositoryQuery {
  readonly reference: Reference;
  /** True for HEAD: nothing is filled, and `content` of the answer is empty. */
  readonly headOnly: boolean;
  /** Media ranges of the client's Accept headers; empty means any. */
  readonly accept: string[];
}

export interface ManifestAnswer extends Provenance {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Size in bytes, also for HEAD. */
  readonly size: number;
  readonly content: Buffer;
  /** Seconds since the last revalidation; negative if it happened for this request. */
  readonly ageSeconds: number;
}

export interface BlobQuery extends RepositoryQuery {
  readonly digest: Digest;
}

export interface BlobStat extends Provenance {
  readonly size: number;
}

export interface BlobReadQuery extends BlobQuery {
  /** Undefined means the whole blob. */
  readonly range: RangeRequest | undefined;
  /**
   * `any`: local file, redirect or inline. `bytes`: no redirect, because the response head is
   * already sent. `inline`: only bytes over the call.
   */
  readonly accepts: 'any' | 'bytes' | 'inline';
  /** Nodes that must not be asked, because they failed this delivery. */
  readonly avoid: readonly string[];
  /**
   * For the rest of a delivery: when it began, in milliseconds since the epoch. A token that was
   * valid then is accepted for all of it.
   */
  readonly since?: number;
}

/** How the bytes are delivered (docs/design/delivery.md#deliveries). */
export type BlobDelivery =
  | { readonly kind: 'inline' }
  /**
   * The first `available` bytes of the file may be read now. Messages announce more until it
   * reaches `size`.
   */
  | { readonly kind: 'local-file'; readonly path: string; readonly available: number }
  /** The signed URL is never logged. */
  | { readonly kind: 'redirect'; readonly url: string };

export interface BlobHeader extends Provenance {
  /** Size of the whole blob in bytes. */
  readonly size: number;
  /** Delivered range: `length` bytes from `offset`. */
  readonly offset: number;
  readonly length: number;
  readonly delivery: BlobDelivery;
}

/** Messages after the header: bytes (inline), or how far a growing file may be read. */
export type BlobMessage =
  { readonly kind: 'chunk'; readonly bytes: Buffer } | { readonly kind: 'progress'; readonly available: number };

/** A running read of a blob. Its creator calls cancel() in any case. */
export interface BlobRead {
  readonly header: BlobHeader;
  /** Name of the node. */
  readonly node: string;
  /**
   * Returns the next message, or undefined at the successful end. One caller at a time. While no
   * caller waits, a limited number of messages is buffered and the data plane is slowed down.
   * Rejects with the LayoverError of the data plane, DATA_PLANE_UNAVAILABLE, TIMEOUT if nothing
   * arrives within the idle timeout, or CANCELLED if the signal aborted.
   */
  next(): Promise<BlobMessage | undefined>;
  /** Ends the call. Does nothing if it has already ended. */
  cancel(): void;
}

export interface TagsQuery extends RepositoryQuery {
  /** Maximum number of tags; 0 means the default of the data plane. */
  readonly limit: number;
  /** Only tags after this one are listed; empty means from the start. */
  readonly last: string;
}

export interface TagsPage extends Provenance {
  readonly tags: readonly string[];
  /** `last` of the next page; empty if this is the last page. */
  readonly nextLast: string;
  /** Page size for the link to the next page; 0 if there is none. */
  readonly nextLimit: number;
}

export interface ReferrersQuery extends RepositoryQuery {
  readonly digest: Digest;
  /** Empty means all types. */
  readonly artifactType: string;
  /** Opaque page token; empty means the first page. */
  readonly page: string;
}

export interface ReferrersPage extends Provenance {
  /** OCI image index. */
  readonly content: Buffer;
  /** True if the list is filtered by artifact type. */
  readonly filtered: boolean;
  /** Token of the next page; empty if this is the last page. */
  readonly nextPage: string;
}

export interface TokenQuery {
  readonly context: RequestContext;
  readonly service: string;
  readonly scopes: string[];
}

export interface TokenAnswer {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * Access of the handlers to the data planes. The implementation selects the node, and asks another
 * one if a node fails before it answered. Every method rejects with a LayoverError: the data
 * plane's own, DATA_PLANE_UNAVAILABLE, TIMEOUT, or CANCELLED if `signal` aborted. An outage is
 * never reported as "not found".
 */
export interface RegistryReader {
  /** Checks the credentials for GET /v2/. Rejects with UNAUTHORIZED if they are not accepted. */
  checkAccess(context: RequestContext, signal: AbortSignal): Promise<void>;
  getManifest(query: ManifestQuery, signal: AbortSignal): Promise<ManifestAnswer>;
  /** Closes all connections. */
  statBlob(query: BlobQuery, signal: AbortSignal): Promise<BlobStat>;
  /**
   * Resolves with the header. Rejects with RANGE_INVALID if the range is outside the blob, and with
   * DATA_PLANE_UNAVAILABLE if all nodes are to be avoided.
   */
  readBlob(query: BlobReadQuery, signal: AbortSignal): Promise<BlobRead>;
  listTags(query: TagsQuery, signal: AbortSignal): Promise<TagsPage>;
  listReferrers(query: ReferrersQuery, signal: AbortSignal): Promise<ReferrersPage>;
  issueToken(query: TokenQuery, signal: AbortSignal): Promise<TokenAnswer>;
  /** Resolves if a data plane answers within `timeoutMs`, even if it refuses the request. */
  ready(timeoutMs: number): Promise<void>;
  /**
   * Starts to watch the data planes. Resolves when the state of all of them is known, or after a
   * short timeout.
   */
  start(): Promise<void>;
  /** Gives up every connection. */
  close(): void;
}
