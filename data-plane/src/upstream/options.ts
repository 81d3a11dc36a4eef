import type { LookupAddress } from 'node:dns';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';

/** How long an upstream may take, in milliseconds. */
export interface UpstreamTimeouts {
  /** Name, TCP and TLS. Default 5000. */
  readonly connectMs: number;
  /** From the request sent to its response headers, each hop for itself. Default 30000. */
  readonly headersMs: number;
  /** Without a byte of a body that somebody reads; a reader that pauses is not counted. Default 30000. */
  readonly bodyMs: number;
  /** A whole operation: waiting for a connection, token, redirects, and the body where it is read into memory. Default 60000. */
  readonly operationMs: number;
}

/** Proxies for the way out, as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. URLs may hold user and password. */
export interface ProxySettings {
  readonly httpsProxy?: string;
  readonly httpProxy?: string;
  /** Comma-separated: names (with all names below them), addresses, CIDRs, each with or without port; `*` = all. */
  readonly noProxy?: string;
}

/** Addresses of a name. Rejects with an error that has a code (ENOTFOUND …) as node:dns does. */
export type Resolver = (hostname: string) => Promise<readonly LookupAddress[]>;

/** What `createUpstreamRegistry` takes. */
export interface UpstreamOptions {
  /** CIDRs of private networks that upstreams may be in (LAYOVER_UPSTREAM_ALLOWED_NETWORKS). */
  readonly allowedNetworks: readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
  readonly proxy?: ProxySettings;
  readonly timeouts?: Partial<UpstreamTimeouts>;
  /** Connections to one origin. Default 64: more than the fills that run at once, so that manifests never queue behind blobs. */
  readonly connectionsPerOrigin?: number;
  /** Default: the system's resolver. */
  readonly resolver?: Resolver;
}

/** Time-outs where none are given. */
export const DEFAULT_TIMEOUTS: UpstreamTimeouts = {
  connectMs: 5_000,
  headersMs: 30_000,
  bodyMs: 30_000,
  operationMs: 60_000,
};

/** Connections to one origin where no number is given. */
export const DEFAULT_CONNECTIONS = 64;
