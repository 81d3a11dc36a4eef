import type { Digest } from '../../../common/oci/digest';
import type { BlobHeader__Output } from '../../../proto/gen/layover/v1/BlobHeader';
import type { CacheStatus__Output } from '../../../proto/gen/layover/v1/CacheStatus';
import type { GetManifestReply__Output } from '../../../proto/gen/layover/v1/GetManifestReply';
import type { GetManifestRequest__Output } from '../../../proto/gen/layover/v1/GetManifestRequest';
import type { IssueTokenReply__Output } from '../../../proto/gen/layover/v1/IssueTokenReply';
import type { IssueTokenRequest__Output } from '../../../proto/gen/layover/v1/IssueTokenRequest';
import type { ListReferrersReply__Output } from '../../../proto/gen/layover/v1/ListReferrersReply';
import type { ListReferrersRequest__Output } from '../../../proto/gen/layover/v1/ListReferrersRequest';
import type { ListRepositoriesReply__Output } from '../../../proto/gen/layover/v1/ListRepositoriesReply';
import type { ListRepositoriesRequest__Output } from '../../../proto/gen/layover/v1/ListRepositoriesRequest';
import type { ListTagsReply__Output } from '../../../proto/gen/layover/v1/ListTagsReply';
import type { ListTagsRequest__Output } from '../../../proto/gen/layover/v1/ListTagsRequest';
import type { RequestContext__Output } from '../../../proto/gen/layover/v1/RequestContext';
import type { BufferPair } from '../../../common/files/buffer-pool';
import type { RangeRequest } from '../../../common/oci/byte-range';
import type { Reference, RepositoryName } from '../../../common/oci/reference';

/**
 * The client of a request and how it was made, for the pull record of the data plane. `requestId`
 * has 1 to 64 characters of [A-Za-z0-9._-]. `clientAddress` has no port, is in IPv4 form also for
 * ::ffff:a.b.c.d, and is empty if the listener is a unix socket. `userAgent` has at most 256
 * characters. `authorization` is the header, or empty; it must never be logged. `hops`
 * are the ids in X-Layover-Hops.
 */
export type RequestContext = Readonly<Omit<RequestContext__Output, 'authorizedAt' | 'recordId' | 'attempt'>>;

/**
 * Address of a repository (docs/design/pull-semantics.md#addressing): by organization (path form),
 * by the registry host that is mirrored (`?ns=`), or by a host name of the edge that stands for an
 * organization. Except in the path form, the repository is the whole path.
 */
export type RepositoryAddress =
  | { readonly owner: 'organization'; readonly organization: string; readonly repository: RepositoryName }
  | { readonly owner: 'mirror'; readonly mirrorHost: string; readonly repository: RepositoryName }
  | {
      readonly owner: 'host';
      /** The host name of the edge, with its port if there is one. */
      readonly host: string;
      readonly organization: string;
      /** The host in `ns`; undefined if there is none. */
      readonly mirrorHost: string | undefined;
      readonly repository: RepositoryName;
    };

/** What the cache did for an answer (docs/design/pull-semantics.md#cache-status). */
export type CacheStatus = Exclude<CacheStatus__Output, 'CACHE_STATUS_UNSPECIFIED'>;

/** Cache status and upstream of an answer. */
export interface Provenance {
  /** Undefined if the data plane reports none. */
  readonly cacheStatus: CacheStatus | undefined;
  /** Host of the upstream; empty if the data plane reports none. */
  readonly upstreamHost: string;
  /** True if the organization is private: shared caches must not store the answer. */
  readonly private: boolean;
}

/** Repository and origin of a request. */
export interface RepositoryQuery {
  readonly context: RequestContext;
  readonly address: RepositoryAddress;
}

/**
 * A request for a manifest. `headOnly`: nothing is filled, and `content` of the answer is empty.
 * `accept`: media ranges of the client's Accept headers; empty = anything. `ifNoneMatch`: if this
 * header of the client names the manifest, the record says 304, and `content` is empty.
 */
export interface ManifestQuery
  extends RepositoryQuery, Readonly<Pick<GetManifestRequest__Output, 'headOnly' | 'accept'>> {
  readonly reference: Reference;
  readonly ifNoneMatch?: string | undefined;
}

/**
 * A manifest. `size` is bytes, also for a HEAD. `ageSeconds` counts from the last check with the
 * upstream, and is negative if the manifest was just checked.
 */
export interface ManifestAnswer
  extends Provenance, Readonly<Pick<GetManifestReply__Output, 'mediaType' | 'size' | 'content' | 'ageSeconds'>> {
  readonly digest: Digest;
}

export interface BlobQuery extends RepositoryQuery {
  readonly digest: Digest;
}

export interface BlobStatAnswer extends Provenance {
  readonly size: number;
}

export interface BlobReadQuery extends BlobQuery {
  /** Undefined means the whole blob. */
  readonly range: RangeRequest | undefined;
  /**
   * `any`: local file, byte channel, redirect or inline. `bytes`: no redirect, because the response
   * head is already sent. `inline`: only bytes over the call.
   */
  readonly accepts: 'any' | 'bytes' | 'inline';
  /** Nodes that must not be asked, because they failed this delivery. */
  readonly avoid: readonly string[];
  /**
   * For the rest of a delivery: when it began, in milliseconds since the epoch. A token that was
   * valid then is accepted for all of it.
   */
  readonly since?: number;
  /**
   * True if another answer counts the bytes as served: one with a local file that could not be
   * used. Its call must go on until the bytes are readable. Default: false.
   */
  readonly counted?: boolean;
  /**
   * For the rest of a delivery: how long to wait for a data plane if none can answer, in
   * milliseconds. Those in `avoid` are asked again then: they may be back. Default: 0.
   */
  readonly waitMs?: number;
}

/** How the bytes are delivered (docs/design/delivery.md#deliveries). */
export type BlobDelivery =
  | { readonly kind: 'inline' }
  /**
   * The first `available` bytes of the file may be read now. Messages announce more until it
   * reaches `size`.
   */
  | { readonly kind: 'local-file'; readonly path: string; readonly available: number }
  /**
   * The bytes come over a connection of their own. `open` requests them, once: it receives them
   * into the buffers, and resolves with undefined if they must come in another way. The caller
   * closes the flow.
   */
  | { readonly kind: 'channel'; readonly open: (buffers: BufferPair) => Promise<ByteFlow | undefined> }
  /** The signed URL is never logged. */
  | { readonly kind: 'redirect'; readonly url: string };

/** The bytes of one delivery over the byte channel. */
export interface ByteFlow {
  /**
   * Resolves with the next bytes, which are valid until the next call, or with undefined if only
   * the connection was lost: the rest can come from the same node in another way. One caller at a
   * time. While no caller waits, the data plane is slowed down when the buffers are full. Rejects
   * like BlobRead.next.
   */
  next(): Promise<Buffer | undefined>;
  /** Ends the flow; the buffers are not used any more. Further calls are harmless. */
  close(): void;
}

/** What is delivered: `length` bytes from `offset` of a blob of `size` bytes. */
export interface BlobHeader extends Provenance, Readonly<Pick<BlobHeader__Output, 'size' | 'offset' | 'length'>> {
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
   * Returns the next message, or undefined at the successful end. With the byte channel, there are
   * no messages, and the end means that the data plane sent all bytes. One caller at a time. While
   * no caller waits, a limited number of messages is buffered and the data plane is slowed down.
   * Rejects with the LayoverError of the data plane, DATA_PLANE_UNAVAILABLE, TIMEOUT if nothing
   * arrives within the idle timeout, or CANCELLED if the signal aborted.
   */
  next(): Promise<BlobMessage | undefined>;
  /** Ends the call. Does nothing if it has already ended. */
  cancel(): void;
}

/**
 * Tags after `last` (empty = from the start), or those of a page token (empty = none), at most
 * `limit` (0 = the data plane's choice).
 */
export interface TagsQuery
  extends RepositoryQuery, Readonly<Pick<ListTagsRequest__Output, 'limit' | 'last' | 'page'>> {}

/**
 * A page of tags. `nextPage` is the page token of the next page. If it is empty, `nextLast` is the
 * `last` parameter of the next page, or empty if there is none. `nextLimit` is the page size for
 * the link to the next page, or 0 for none.
 */
export interface TagsPage
  extends Provenance, Readonly<Pick<ListTagsReply__Output, 'nextLast' | 'nextLimit' | 'nextPage'>> {
  readonly tags: readonly string[];
}

/**
 * Repositories of an organization (undefined = all) after `last` (empty = from the start), at most
 * `limit` (0 = the data plane's choice).
 */
export interface RepositoryNamesQuery extends Readonly<Pick<ListRepositoriesRequest__Output, 'limit' | 'last'>> {
  readonly context: RequestContext;
  readonly hostOrganization: string | undefined;
}

/**
 * A page of repositories. `nextLast` and `nextLimit` are the parameters of the next page;
 * `nextLast` is empty if there is none.
 */
export type RepositoryNames = Readonly<Pick<ListRepositoriesReply__Output, 'names' | 'nextLast' | 'nextLimit'>>;

/** Referrers of a type (empty = all); `page` is opaque, and empty for the first page. */
export interface ReferrersQuery
  extends RepositoryQuery, Readonly<Pick<ListReferrersRequest__Output, 'artifactType' | 'page'>> {
  readonly digest: Digest;
}

/**
 * An OCI image index of referrers, and whether it was filtered by type. `nextPage` is empty for the
 * last page.
 */
export interface ReferrersPage
  extends Provenance, Readonly<Pick<ListReferrersReply__Output, 'content' | 'filtered' | 'nextPage'>> {}

/** A request for a token. */
export interface TokenQuery extends Readonly<Pick<IssueTokenRequest__Output, 'service' | 'scopes'>> {
  readonly context: RequestContext;
}

/** A token. `issuedAt` is milliseconds since the epoch. */
export type TokenAnswer = Readonly<Pick<IssueTokenReply__Output, 'token' | 'expiresInSeconds' | 'issuedAt'>>;

/** Tells when nobody waits for an answer any more. An AbortSignal is one. */
export interface Departure {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Access of the handlers to the data planes. The implementation selects the node, and asks another
 * one if a node fails before it answered. Every method rejects with a LayoverError: the data
 * plane's own, DATA_PLANE_UNAVAILABLE, TIMEOUT, or CANCELLED if the client left. An outage is
 * never reported as "not found".
 */
export interface RegistryReader {
  /** Checks the credentials for GET /v2/. Rejects with UNAUTHORIZED if they are not accepted. */
  checkAccess(context: RequestContext, departure: Departure): Promise<void>;
  getManifest(query: ManifestQuery, departure: Departure): Promise<ManifestAnswer>;
  statBlob(query: BlobQuery, departure: Departure): Promise<BlobStatAnswer>;
  /**
   * Resolves with the header. Rejects with RANGE_INVALID if the range is outside the blob, and with
   * DATA_PLANE_UNAVAILABLE if all nodes are to be avoided.
   */
  readBlob(query: BlobReadQuery, signal: AbortSignal): Promise<BlobRead>;
  listTags(query: TagsQuery, departure: Departure): Promise<TagsPage>;
  listRepositories(query: RepositoryNamesQuery, departure: Departure): Promise<RepositoryNames>;
  listReferrers(query: ReferrersQuery, departure: Departure): Promise<ReferrersPage>;
  issueToken(query: TokenQuery, departure: Departure): Promise<TokenAnswer>;
  /** Resolves if a data plane answers within `timeoutMs`, even if it refuses the request. */
  ready(timeoutMs: number): Promise<void>;
  /**
   * Starts to watch the data planes. Resolves when the state of all of them is known, or after a
   * short timeout.
   */
  start(): Promise<void>;
  /**
   * Before the end: has the answers recorded that no data plane gave, if one accepts calls. Takes a
   * few seconds at most.
   */
  settle(): Promise<void>;
  /** Gives up every connection. */
  close(): void;
}
