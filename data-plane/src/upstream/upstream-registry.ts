import type { Digest } from '../../../common/oci/digest';
import type { Reference } from '../../../common/oci/reference';

/**
 * Largest manifest, in bytes (docs/design/pull-semantics.md#manifest-limits; the same limit as in
 * distribution).
 */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/**
 * Largest page of referrers, in bytes. Registries page lists above the size of a manifest; one that
 * does not may send more.
 */
export const MAX_REFERRERS_BYTES = 16 * 1024 * 1024;

/**
 * The upstream of an organization with its credentials. Contains the password, so it must not be
 * logged.
 */
export interface UpstreamOrigin {
  readonly organizationUid: string;
  /** host[:port] as the user wrote it; `docker.io` is reached at registry-1.docker.io. */
  readonly host: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Part of every key under which tokens and rate limits are stored. */
  readonly credentialVersion: string;
  /** Whether to use plain HTTP. */
  readonly insecure: boolean;
  /** PEM bundle that is trusted in addition to the certificates of the system. */
  readonly caCertificate: string | undefined;
  /**
   * Token servers, as host[:port], that get the credentials in addition to the registry itself.
   * Default: none.
   */
  readonly trustedRealms?: readonly string[];
}

/** A repository at an upstream. `name` is complete: it includes the namespace and `library/`. */
export interface UpstreamRepository {
  readonly origin: UpstreamOrigin;
  readonly name: string;
  /**
   * Ids of the data planes that the request passed through before this one; absent = it came from a
   * client.
   */
  readonly hops?: readonly string[];
}

/** What a HEAD, or a GET in its place, says about a manifest. */
export interface ManifestHead {
  /** undefined if the registry sends no valid digest, which is allowed for a request by digest. */
  readonly digest: Digest | undefined;
  readonly mediaType: string;
  /** Bytes; undefined if the registry does not say it. Never 0: no manifest is empty. */
  readonly size: number | undefined;
  /** The manifest itself if the registry was asked with GET, so that callers need not ask again. */
  readonly fetched?: FetchedManifest;
}

/**
 * A manifest in memory, at most 4 MiB. Its digest was computed from the bytes and equals the
 * requested digest and the one that the upstream sent.
 */
export interface FetchedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly content: Buffer;
}

/**
 * An open blob response. The reader must read all of `body` or call `cancel`; both release the
 * connection.
 */
export interface UpstreamBlobStream {
  /** Size of the whole blob in bytes, as it is sent, if the upstream sent it. */
  readonly size: number | undefined;
  /**
   * Whether a Content-Encoding that Layover did not ask for labels the bytes. Often it is only a
   * label. `body` yields the bytes as they are sent. Default: false.
   */
  readonly isEncoded?: boolean;
  /**
   * The offset in the blob at which the body begins: the requested one, or 0 if the upstream
   * ignored the range.
   */
  readonly offset: number;
  /**
   * Raw bytes. Throws a LayoverError (UPSTREAM_FAILED, UPSTREAM_TIMEOUT) if the connection is cut
   * or stalls.
   */
  readonly body: AsyncIterable<Buffer>;
  cancel(): void;
}

/** A range of a blob, read into memory. */
export interface UpstreamRange {
  /** Exactly the requested bytes. */
  readonly content: Buffer;
  /** Size of the whole blob in bytes. */
  readonly size: number;
}

/** A place in a list that only the upstream understands. */
export interface ListPosition {
  /** The query of a page at the upstream, without the question mark. */
  readonly query: string;
  /** The last tag of that page that was listed already; undefined = none. */
  readonly after: string | undefined;
}

/** A request for a page of tags: from the start, after a tag, or from a position. */
export interface TagPageRequest {
  readonly limit?: number;
  readonly last?: string;
  /** Replaces `last`. Only positions of earlier pages of the same repository. */
  readonly position?: ListPosition;
}

/**
 * A page of the tags at the upstream. The last page has neither `nextLast` nor `position`. If there
 * is a `position`, only it continues the list; `nextLast` is then the last tag of the page.
 */
export interface UpstreamTagPage {
  readonly tags: readonly string[];
  readonly nextLast: string | undefined;
  /** The page size in the upstream's link to the next page. */
  readonly nextLimit: number | undefined;
  readonly position: ListPosition | undefined;
}

/** A page of referrers: an OCI index as the upstream sent it. */
export interface UpstreamReferrersPage {
  readonly content: Buffer;
  readonly filtered: boolean;
  /** The query of the next page, without the question mark; undefined = the last page. */
  readonly nextQuery: string | undefined;
}

/** What is known about an upstream without a request. */
export interface UpstreamHealth {
  readonly reachable: boolean;
  /** Milliseconds since the epoch; undefined = never asked. */
  readonly lastCheckedAt: number | undefined;
  readonly lastError: string | undefined;
  readonly rateLimit: number | undefined;
  readonly rateLimitRemaining: number | undefined;
  /**
   * Some requests with these credentials fail with TOO_MANY_REQUESTS until then (milliseconds since
   * the epoch): those of a kind that the upstream, its token server or a redirect target limited.
   */
  readonly retryAfter: number | undefined;
}

/**
 * Reads upstream registries. Every method throws a LayoverError: UPSTREAM_DENIED (401, 403),
 * MANIFEST_UNKNOWN / BLOB_UNKNOWN / NAME_UNKNOWN (a real 404), TOO_MANY_REQUESTS (with
 * retryAfterSeconds), UPSTREAM_REFUSED_REQUEST (another 4xx, or 501), UPSTREAM_FAILED (5xx, cut),
 * UPSTREAM_UNREACHABLE (refused, DNS), UPSTREAM_TIMEOUT, UPSTREAM_TLS, UPSTREAM_ADDRESS_REFUSED,
 * UPSTREAM_CONTENT (not a registry, wrong digest, too large). `upstreamStatus` is set if the
 * upstream answered. Messages contain the host of the upstream and never a query string, header or
 * credential.
 */
export interface UpstreamRegistry {
  /**
   * Asks with GET if the upstream gives nothing that can be used to HEAD: a refusal of a HEAD alone
   * is never an answer. `alsoAccept` are media types that are asked for besides the known ones
   * (AcceptedTypes in accepts.ts).
   */
  headManifest(
    repository: UpstreamRepository,
    reference: Reference,
    signal?: AbortSignal,
    alsoAccept?: readonly string[],
  ): Promise<ManifestHead>;
  /** `alsoAccept` as for headManifest. */
  getManifest(
    repository: UpstreamRepository,
    reference: Reference,
    signal?: AbortSignal,
    alsoAccept?: readonly string[],
  ): Promise<FetchedManifest>;
  /**
   * Returns the size of a blob; undefined if the upstream has the blob but does not send its size.
   */
  headBlob(
    repository: UpstreamRepository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<{ readonly size: number | undefined }>;
  /**
   * Resolves when the response headers have arrived. `offset` > 0 resumes with Range. The signal
   * also ends the body. `decode`: a body that is labelled as encoded is decoded, has no known size
   * and begins at 0.
   */
  openBlob(
    repository: UpstreamRepository,
    digest: Digest,
    offset: number,
    signal?: AbortSignal,
    options?: { readonly decode?: boolean },
  ): Promise<UpstreamBlobStream>;
  /**
   * Opens `length` bytes of a blob from `offset`. Resolves when the response headers have arrived,
   * with undefined if they do not announce exactly this range and the size of the whole blob. The
   * body ends with an error if it has another length. The bytes are not verified. The signal also
   * ends the body.
   */
  openRange(
    repository: UpstreamRepository,
    digest: Digest,
    range: { readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<UpstreamBlobStream | undefined>;
  /**
   * Reads `length` bytes of a blob from `offset` into memory. Returns undefined if the upstream
   * does not answer with exactly this range and the size of the whole blob. The bytes are not
   * verified.
   */
  readRange(
    repository: UpstreamRepository,
    digest: Digest,
    range: { readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<UpstreamRange | undefined>;
  listTags(repository: UpstreamRepository, page: TagPageRequest, signal?: AbortSignal): Promise<UpstreamTagPage>;
  /**
   * Falls back to the referrers tag schema if the upstream has no referrers API. Returns an empty
   * index if there are no referrers. `query` is the `nextQuery` of an earlier page.
   */
  listReferrers(
    repository: UpstreamRepository,
    digest: Digest,
    page: { readonly artifactType?: string; readonly query?: string },
    signal?: AbortSignal,
  ): Promise<UpstreamReferrersPage>;
  health(origin: UpstreamOrigin): UpstreamHealth;
  /** Closes connections; running requests fail. */
  close(): Promise<void>;
}
