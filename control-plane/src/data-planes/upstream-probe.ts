/** The outcome of a probe of an upstream. */
export const ValidationOutcome = {
  OK: 'OK',
  BAD_CREDENTIALS: 'BAD_CREDENTIALS',
  UNREACHABLE: 'UNREACHABLE',
  NOT_A_REGISTRY: 'NOT_A_REGISTRY',
  ADDRESS_REFUSED: 'ADDRESS_REFUSED',
  TLS_ERROR: 'TLS_ERROR',
} as const;
export type ValidationOutcome = (typeof ValidationOutcome)[keyof typeof ValidationOutcome];

/**
 * The settings of an upstream to probe; the upstream need not be configured. Contains the password,
 * so it is never logged as a whole.
 */
export interface ProbeTarget {
  /** host[:port] as written by the caller. */
  readonly host: string;
  /** Empty if there is none. */
  readonly namespace: string;
  /** Undefined for anonymous access. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly insecure: boolean;
  readonly caCertificate: string | undefined;
  /** Token servers, as host[:port], that get the credentials in addition to the upstream itself. */
  readonly trustedRealms: readonly string[];
}

/** The result of a probe. */
export interface ProbeResult {
  readonly outcome: ValidationOutcome;
  readonly message: string;
  /** Whether the upstream was probed without credentials. */
  readonly anonymous: boolean;
  /** Milliseconds until the first answer; undefined if there was no answer. */
  readonly latencyMs: number | undefined;
}

/**
 * Probes upstreams through a data plane, because only data planes talk to upstreams
 * (docs/design/pull-semantics.md#planes).
 */
export interface UpstreamProbe {
  /**
   * Probes an upstream and changes nothing. Throws the ApiError UNAVAILABLE if no data plane
   * answers within 15 s.
   */
  probe(target: ProbeTarget): Promise<ProbeResult>;
}
