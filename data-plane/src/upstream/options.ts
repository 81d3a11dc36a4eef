import type { LookupAddress } from 'node:dns';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';

/** Timeouts for an upstream, in milliseconds. */
export interface UpstreamTimeouts {
  /** DNS, TCP and TLS together. Default 5000. */
  readonly connectMs: number;
  /** From the request to its response headers, for each redirect separately. Default 30000. */
  readonly headersMs: number;
  /**
   * The same for the GET of a blob. Longer, because the upstream may be a cache that fetches the
   * blob first. Default 300000.
   */
  readonly blobHeadersMs: number;
  /**
   * Between two reads of a body; the time while the reader pauses does not count. Default 30000.
   */
  readonly bodyMs: number;
  /**
   * A whole operation: waiting for a connection, token, redirects, and the body if it is read into
   * memory. The GET of a blob has `blobHeadersMs` in addition. Default 60000.
   */
  readonly operationMs: number;
}

/**
 * Proxies for outgoing connections, as in HTTPS_PROXY, HTTP_PROXY and NO_PROXY. URLs may contain
 * user and password.
 */
export interface ProxySettings {
  readonly httpsProxy?: string;
  readonly httpProxy?: string;
  /**
   * Comma-separated names (including all names below them), addresses and CIDRs, each with or
   * without a port; `*` = all.
   */
  readonly noProxy?: string;
  /** How the names of upstreams are treated behind a proxy. Default `check`. */
  readonly names?: ProxiedNames;
}

/**
 * What happens to the name of an upstream that is reached through a proxy. `check`: it is resolved
 * here and its addresses are checked; the proxy gets the name. `pin`: like `check`, but the proxy
 * gets the checked address. `proxy`: like `check`, but a name that cannot be resolved here is left
 * to the proxy unchecked.
 */
export type ProxiedNames = 'check' | 'pin' | 'proxy';

/**
 * Resolves the addresses of a name. Rejects with an error that has a code (ENOTFOUND …) like
 * node:dns.
 */
export type Resolver = (hostname: string) => Promise<readonly LookupAddress[]>;

/** The parameters of `createUpstreamRegistry`. */
export interface UpstreamOptions {
  /**
   * CIDRs of private networks in which upstreams are allowed (LAYOVER_UPSTREAM_ALLOWED_NETWORKS).
   */
  readonly allowedNetworks: readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
  readonly proxy?: ProxySettings;
  /**
   * Certificates of all trusted authorities in PEM, besides those of an organization. Default:
   * those that Node.js trusts.
   */
  readonly authorities?: readonly string[];
  readonly timeouts?: Partial<UpstreamTimeouts>;
  /**
   * Maximum number of connections to one origin. Default 64: more than the concurrent fills, so
   * that manifests never wait for blobs.
   */
  readonly connectionsPerOrigin?: number;
  /** Default: the resolver of the system. */
  readonly resolver?: Resolver;
  /** The id of this data plane in requests to upstreams; absent = requests have none. */
  readonly hopId?: string;
}

/** The default timeouts. */
export const DEFAULT_TIMEOUTS: UpstreamTimeouts = {
  connectMs: 5_000,
  headersMs: 30_000,
  blobHeadersMs: 300_000,
  bodyMs: 30_000,
  operationMs: 60_000,
};

/** The default maximum number of connections to one origin. */
export const DEFAULT_CONNECTIONS = 64;
