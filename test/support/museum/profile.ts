import type { CannedResponse, Exchange } from '../fake-registry';
import type { LimitForm } from './parts/limits';
import type { Refusal } from './parts/refusals';
import type { TagPager } from './parts/tag-pages';

/**
 * How a registry behaves on the wire, as its sources document it. The docstring of each profile
 * names these sources. Where they say nothing, the OCI distribution specification applies.
 */
export interface RegistryProfile {
  /** For the names of organizations and tests: lower-case letters, digits and `-`. */
  readonly key: string;
  /** For people: `Docker Hub`. */
  readonly name: string;
  /** The public repository in this registry's form of names, for example `library/app`. */
  readonly repository: string;
  readonly authentication: Authentication;
  readonly blobs: BlobForm;
  readonly tags: TagPager;
  /** `absent`: 404, and clients use the tag schema. A function answers in another way. */
  readonly referrers: 'api' | 'absent' | ReferrersRedirect | ((exchange: Exchange) => Promise<void>);
  readonly limit: LimitForm;
  readonly missing: MissingForm;
  /** `absent`: HEAD of a manifest is answered with 404, although GET works. Default `normal`. */
  readonly manifestHead?: 'normal' | 'absent';
  /** Whether manifests are redirected to the storage as blobs are. Default false. */
  readonly redirectsManifests?: boolean;
  /** Headers of every answer of the registry host. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Redirects every request of the registry API to this registry instead of answering it. */
  readonly redirectsTo?: RegistryProfile;
}

/** Who may read, and how the registry asks for credentials. */
export interface Authentication {
  readonly kind: 'none' | 'basic' | 'bearer';
  /**
   * Whether public repositories can be read without an account; `all`: a repository that does not
   * exist is treated like a public one.
   */
  readonly anonymous: boolean | 'all';
  /** The account that may read everything; absent: the registry has no private repositories. */
  readonly account?: { readonly username: string; readonly password: string };
  /** Returns the answer to a request that is not authorized. */
  readonly refuse: (refusal: Refusal) => CannedResponse;
  readonly tokens?: TokenForm;
  /** Whether a `bearer` registry also accepts the account with Basic. Default false. */
  readonly acceptsBasic?: boolean;
  /** Whether GET of a public repository needs no token at all. Default false. */
  readonly opensPublicReads?: boolean;
}

/** The token server of a registry. */
export interface TokenForm {
  readonly path: string;
  /** Whether the token server is another host. */
  readonly otherHost?: boolean;
  readonly field: 'token' | 'access_token' | 'both';
  /** `expires_in` of the answer; null: it is missing. */
  readonly expiresIn: number | null;
  /** The real lifetime in seconds. Default: `expiresIn`, or 60 as in the token specification. */
  readonly lifetimeSeconds?: number;
  /** Whether a token of any scope opens all repositories that its owner may read. */
  readonly anyScope?: boolean;
  /** The `service` that requests must name. Default: any. */
  readonly requiredService?: string;
  /**
   * The answer to a request for a repository that the client may not read, or that does not exist.
   * Default: a token that does not open it.
   */
  readonly refusal?: CannedResponse;
}

/** How blobs are delivered. */
export interface BlobForm {
  /** Absent: the registry sends the bytes itself. */
  readonly redirect?: RedirectForm;
  /** The answer to HEAD of a blob, with a valid token. Default: like GET. */
  readonly head?: 'direct' | ((refusal: Refusal) => CannedResponse);
}

/** What is redirected: a blob by digest, or a manifest by tag or digest. */
export interface RedirectedContent {
  readonly kind: 'blobs' | 'manifests';
  readonly digest: string;
  readonly repository: string;
}

/** Redirects to a storage with signed URLs. */
export interface RedirectForm {
  readonly status: 302 | 307;
  /** Returns path and query of a signed URL, without the host. */
  readonly target: (content: RedirectedContent) => string;
  /** Whether the target is on the registry's own host, as a relative Location. */
  readonly sameHost?: boolean;
  /** Whether the signature is valid for the method of the request only, or for GET only. */
  readonly signedFor: 'method' | 'GET' | 'any';
  /** The answer of the storage to a request with Authorization. Default: it ignores the header. */
  readonly withAuthorization?: CannedResponse;
  /** Whether the redirect has Docker-Content-Digest. */
  readonly namesDigest?: boolean;
}

/** A referrers endpoint that redirects to another host. */
export interface ReferrersRedirect {
  readonly status: 302 | 303 | 307;
  /** Returns the path at the other host. */
  readonly target: (repository: string, digest: string) => string;
  /** What the other host answers. */
  readonly answer: CannedResponse;
}

/** The status that a client of Layover sees for content that does not exist. */
export interface MissingForm {
  readonly repository: 403 | 404;
  /** The registry's own answer to a manifest of a repository that does not exist. */
  readonly answer?: (repository: string) => CannedResponse;
}

/** Returns the real lifetime of the tokens of a registry, in seconds. */
export function tokenLifetime({ authentication }: RegistryProfile): number {
  const { expiresIn = null, lifetimeSeconds } = authentication.tokens ?? {};
  return lifetimeSeconds ?? expiresIn ?? 60;
}
