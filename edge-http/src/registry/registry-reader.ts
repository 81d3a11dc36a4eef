import type { Digest } from '../../../common/oci/digest';
import type { RangeRequest } from '../../../common/oci/byte-range';
import type { Reference, RepositoryName } from '../../../common/oci/reference';

/** Who asks, and how; the data plane puts it into the pull record. */
export interface RequestContext {
  /** 1 to 64 characters of [A-Za-z0-9._-]. */
  readonly requestId: string;
  /** Without port; IPv4 also where it came in as ::ffff:a.b.c.d. Empty where the listener is a unix socket. */
  readonly clientAddress: string;
  /** At most 256 characters. */
  readonly userAgent: string;
  /** The Authorization header, or empty. Never logged. */
  readonly authorization: string;
}

/** Which repository: by organization (path form), or by the host that it mirrors (`?ns=`, architecture section 3). */
export type RepositoryAddress =
  | { readonly owner: 'organization'; readonly organization: string; readonly repository: RepositoryName }
  | { readonly owner: 'mirror'; readonly mirrorHost: string; readonly repository: RepositoryName };

/** What the cache did for an answer (architecture section 4). */
export type CacheStatus = 'HIT' | 'REVALIDATED' | 'UPDATED' | 'MISS' | 'STALE' | 'BYPASS' | 'REFUSED' | 'ERROR';

/** Where an answer comes from. */
export interface Provenance {
  /** Undefined where the data plane does not say. */
  readonly cacheStatus: CacheStatus | undefined;
  /** Host of the upstream; empty where the data plane does not say. */
  readonly upstreamHost: string;
}

/** A repository and who asks for something in it. */
export interface RepositoryQuery {
  readonly context: RequestContext;
  readonly address: RepositoryAddress;
}

export interface ManifestQuery extends RepositoryQuery {
  readonly reference: Reference;
  /** A HEAD: nothing is filled, `content` of the answer is empty. */
  readonly headOnly: boolean;
  /** Media ranges of the client's Accept headers; empty = anything. */
  readonly accept: string[];
}

export interface ManifestAnswer extends Provenance {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the manifest, also for a HEAD. */
  readonly size: number;
  readonly content: Buffer;
  /** Since the last check with upstream; negative where it was just checked. */
  readonly ageSeconds: number;
}

export interface BlobQuery extends RepositoryQuery {
  readonly digest: Digest;
}

export interface BlobStat extends Provenance {
  readonly size: number;
}

export interface BlobReadQuery extends BlobQuery {
  /** Undefined = the whole blob. */
  readonly range: RangeRequest | undefined;
  /** `any`: a local file or a redirect will do, too. `bytes`: no redirect (the head is out). `inline`: bytes over the call and nothing else. */
  readonly accepts: 'any' | 'bytes' | 'inline';
  /** Nodes that are not to be asked: they have failed this delivery. */
  readonly avoid: readonly string[];
  /** For the rest of an answer: when it began, in milliseconds since the epoch. A token that was good then is good for all of it. */
  readonly since?: number;
}

/** How the bytes come (architecture section 6). */
export type BlobDelivery =
  | { readonly kind: 'inline' }
  /** `available` bytes of the file, from its start, may be read now; more is announced by messages until it is `size`. */
  | { readonly kind: 'local-file'; readonly path: string; readonly available: number }
  /** Never logged. */
  | { readonly kind: 'redirect'; readonly url: string };

export interface BlobHeader extends Provenance {
  /** Bytes of the whole blob. */
  readonly size: number;
  /** What is delivered: `length` bytes from `offset`. */
  readonly offset: number;
  readonly length: number;
  readonly delivery: BlobDelivery;
}

/** What follows the header: bytes (inline), or how far a growing file may be read. */
export type BlobMessage =
  { readonly kind: 'chunk'; readonly bytes: Buffer } | { readonly kind: 'progress'; readonly available: number };

/** A blob on its way. Whoever opened it calls cancel(), however the read ends. */
export interface BlobRead {
  readonly header: BlobHeader;
  /** The node that it comes from. */
  readonly node: string;
  /**
   * The next message, undefined at a good end. One caller at a time. While nobody waits, at most a bounded number of
   * messages is held and the data plane is made to wait. Rejects with the data plane's LayoverError, DATA_PLANE_UNAVAILABLE,
   * TIMEOUT when nothing comes for the idle time, or CANCELLED by the signal.
   */
  next(): Promise<BlobMessage | undefined>;
  /** Ends the call; harmless after its end. */
  cancel(): void;
}

export interface TagsQuery extends RepositoryQuery {
  /** 0 = the data plane's choice. */
  readonly limit: number;
  /** Tags after this one; empty = from the start. */
  readonly last: string;
}

export interface TagsPage extends Provenance {
  readonly tags: readonly string[];
  /** `last` of the next page; empty = there is none. */
  readonly nextLast: string;
  /** Page size for the link to the next page; 0 = none. */
  readonly nextLimit: number;
}

export interface ReferrersQuery extends RepositoryQuery {
  readonly digest: Digest;
  /** Empty = all. */
  readonly artifactType: string;
  /** Opaque; empty = the first page. */
  readonly page: string;
}

export interface ReferrersPage extends Provenance {
  /** An OCI image index. */
  readonly content: Buffer;
  /** Whether the list was filtered by artifact type. */
  readonly filtered: boolean;
  /** Empty = this is the last page. */
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
 * What the handlers need of the data planes. Which of several is asked, and that another one is when it fails before anything was answered, is not their
 * concern. Every method rejects with a LayoverError: the data plane's own, or
 * DATA_PLANE_UNAVAILABLE, TIMEOUT, or CANCELLED when `signal` aborted. An outage is never reported as "not found".
 */
export interface RegistryReader {
  /** Whether the credentials are good for GET /v2/; UNAUTHORIZED otherwise. */
  checkAccess(context: RequestContext, signal: AbortSignal): Promise<void>;
  getManifest(query: ManifestQuery, signal: AbortSignal): Promise<ManifestAnswer>;
  /** Fills nothing. */
  statBlob(query: BlobQuery, signal: AbortSignal): Promise<BlobStat>;
  /** Resolves with the header. RANGE_INVALID where the range lies outside the blob; DATA_PLANE_UNAVAILABLE also where all nodes are to be avoided. */
  readBlob(query: BlobReadQuery, signal: AbortSignal): Promise<BlobRead>;
  listTags(query: TagsQuery, signal: AbortSignal): Promise<TagsPage>;
  listReferrers(query: ReferrersQuery, signal: AbortSignal): Promise<ReferrersPage>;
  issueToken(query: TokenQuery, signal: AbortSignal): Promise<TokenAnswer>;
  /** Resolves when a data plane answers within `timeoutMs`, whatever it thinks of the request. */
  ready(timeoutMs: number): Promise<void>;
  /** Begins to look for data planes; resolves when it is known which are there, or soon where that takes long. */
  start(): Promise<void>;
  /** Gives up every connection. */
  close(): void;
}
