import type { Digest } from '../../../common/oci/digest';
import type { Reference } from '../../../common/oci/reference';

/** One organization's way to its upstream: where, and as whom. Never logged whole: it holds the password. */
export interface UpstreamOrigin {
  readonly organizationUid: string;
  /** host[:port] as the user wrote it; `docker.io` is reached at registry-1.docker.io. */
  readonly host: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Part of every key under which tokens and rate limits are kept. */
  readonly credentialVersion: string;
  /** Plain HTTP. */
  readonly insecure: boolean;
  /** PEM bundle trusted besides the system's. */
  readonly caCertificate: string | undefined;
}

/** A repository at an upstream; `name` is complete: namespace and library/ included. */
export interface UpstreamRepository {
  readonly origin: UpstreamOrigin;
  readonly name: string;
}

/** What a HEAD told. `digest` is undefined for a registry that gives none, or gives one that is no digest. */
export interface ManifestHead {
  readonly digest: Digest | undefined;
  readonly mediaType: string;
  readonly size: number | undefined;
}

/** A manifest in memory: at most 4 MiB, its digest computed from these bytes, equal to what was asked for and to what upstream said. */
export interface FetchedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly content: Buffer;
}

/** An open blob response. The reader takes the whole of `body` or calls `cancel`; both release the connection. */
export interface UpstreamBlobStream {
  /** Bytes of the whole blob, where upstream said so. */
  readonly size: number | undefined;
  /** Where in the blob the body begins: the offset asked for, or 0 where upstream ignored the range. */
  readonly offset: number;
  /** Raw bytes, never decoded. Throws a LayoverError (UPSTREAM_FAILED, UPSTREAM_TIMEOUT) when cut or stalled. */
  readonly body: AsyncIterable<Buffer>;
  cancel(): void;
}

/** A page of upstream's tags; `nextLast` continues it. */
export interface UpstreamTagPage {
  readonly tags: readonly string[];
  readonly nextLast: string | undefined;
  /** Page size upstream put in its link to the next page. */
  readonly nextLimit: number | undefined;
}

/** A page of referrers: an OCI index as upstream sent it. */
export interface UpstreamReferrersPage {
  readonly content: Buffer;
  readonly filtered: boolean;
  /** Opaque; undefined = the last page. */
  readonly nextPage: string | undefined;
}

/** What is known of an upstream without asking it now. */
export interface UpstreamHealth {
  readonly reachable: boolean;
  /** Milliseconds since the epoch; undefined = never asked. */
  readonly lastCheckedAt: number | undefined;
  readonly lastError: string | undefined;
  readonly rateLimit: number | undefined;
  readonly rateLimitRemaining: number | undefined;
  /** Until then requests with these credentials are answered TOO_MANY_REQUESTS without asking (milliseconds since the epoch). */
  readonly retryAfter: number | undefined;
}

/**
 * Upstream registries, read only. Every method throws a LayoverError:
 * UPSTREAM_DENIED (401, 403), MANIFEST_UNKNOWN / BLOB_UNKNOWN / NAME_UNKNOWN (a real 404), TOO_MANY_REQUESTS (with retryAfterSeconds),
 * UPSTREAM_FAILED (5xx, cut), UPSTREAM_UNREACHABLE (refused, DNS), UPSTREAM_TIMEOUT, UPSTREAM_TLS, UPSTREAM_ADDRESS_REFUSED,
 * UPSTREAM_CONTENT (not a registry, wrong digest, too large). `upstreamStatus` is set where upstream answered.
 * Messages name the upstream host and never a query string, header or credential.
 */
export interface UpstreamRegistry {
  headManifest(repository: UpstreamRepository, reference: Reference, signal?: AbortSignal): Promise<ManifestHead>;
  getManifest(repository: UpstreamRepository, reference: Reference, signal?: AbortSignal): Promise<FetchedManifest>;
  /** Size of a blob; undefined where upstream has it but does not say. */
  headBlob(
    repository: UpstreamRepository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<{ readonly size: number | undefined }>;
  /** Resolves when response headers are in. `offset` > 0 resumes with Range. The signal ends the body too. */
  openBlob(
    repository: UpstreamRepository,
    digest: Digest,
    offset: number,
    signal?: AbortSignal,
  ): Promise<UpstreamBlobStream>;
  listTags(
    repository: UpstreamRepository,
    page: { readonly limit?: number; readonly last?: string },
    signal?: AbortSignal,
  ): Promise<UpstreamTagPage>;
  /** Falls back to the referrers tag schema where upstream has no referrers API; none at all = an empty index. */
  listReferrers(
    repository: UpstreamRepository,
    digest: Digest,
    page: { readonly artifactType?: string; readonly page?: string },
    signal?: AbortSignal,
  ): Promise<UpstreamReferrersPage>;
  health(origin: UpstreamOrigin): UpstreamHealth;
  /** Ends connections; requests under way fail. */
  close(): Promise<void>;
}
