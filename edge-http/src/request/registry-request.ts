import type { Digest } from '../../../common/oci/digest';
import type { Reference } from '../../../common/oci/reference';
import type { RepositoryAddress } from '../registry/registry-reader';

/** Common fields of the requests for content of a repository. */
interface Read {
  /** True for HEAD: only headers are sent. */
  readonly head: boolean;
  readonly address: RepositoryAddress;
}

/** GET|HEAD /v2/ — end-1. */
export interface PingRequest {
  readonly kind: 'ping';
  readonly head: boolean;
}

/** GET|HEAD /v2/<name>/blobs/<digest> — end-2. */
export interface GetBlobRequest extends Read {
  readonly kind: 'get-blob';
  readonly digest: Digest;
}

/** GET|HEAD /v2/<name>/manifests/<reference> — end-3. */
export interface GetManifestRequest extends Read {
  readonly kind: 'get-manifest';
  readonly reference: Reference;
}

/** GET /v2/<name>/tags/list — end-8a, with `n` and `last` end-8b. */
export interface ListTagsRequest extends Read {
  readonly kind: 'list-tags';
  /** Undefined if absent; 0 requests a page without tags. */
  readonly limit: number | undefined;
  /** Empty means from the start. */
  readonly last: string;
  /** Page token of a link that Layover wrote; empty means none. It replaces `last`. */
  readonly page: string;
}

/** GET|HEAD /v2/_catalog, with `n` and `last` (distribution, "HTTP API V2", Catalog). */
export interface ListRepositoriesRequest {
  readonly kind: 'list-repositories';
  readonly head: boolean;
  /** The organization that the host name stands for; undefined means all organizations. */
  readonly hostOrganization: string | undefined;
  /** Undefined if absent; 0 requests a page without repositories. */
  readonly limit: number | undefined;
  /** Empty means from the start. */
  readonly last: string;
}

/** GET /v2/<name>/referrers/<digest> — end-12a, with `artifactType` end-12b. */
export interface ListReferrersRequest extends Read {
  readonly kind: 'list-referrers';
  readonly digest: Digest;
  /** Empty means all types. */
  readonly artifactType: string;
  /** Page token of a link that Layover wrote; empty means the first page. */
  readonly page: string;
}

/** GET or POST /token (distribution, "Token Authentication Specification" and "OAuth2"). */
export interface TokenRequest {
  readonly kind: 'token';
  readonly service: string;
  readonly scopes: string[];
  /** True for POST: the parameters are in the body. Absent for GET. */
  readonly form?: true;
}

/**
 * end-4a/b, end-5, end-6, end-7, end-9, end-10, end-11, end-13 and all methods except GET and HEAD
 * below /v2/.
 */
export interface PushRequest {
  readonly kind: 'push';
  readonly method: string;
}

/** Requests of load balancers and Prometheus. */
export interface OperationsRequest {
  readonly kind: 'healthz' | 'readyz' | 'metrics';
  readonly head: boolean;
}

/**
 * All requests that the edge answers. Their values are valid, because the grammar was checked
 * before.
 */
export type RegistryRequest =
  | PingRequest
  | GetBlobRequest
  | GetManifestRequest
  | ListTagsRequest
  | ListRepositoriesRequest
  | ListReferrersRequest
  | TokenRequest
  | PushRequest
  | OperationsRequest;

/** Kind of a request, for labels of metrics. */
export type RequestKind = RegistryRequest['kind'];
