/** What asking an upstream came to. */
export const ValidationOutcome = {
  OK: 'OK',
  BAD_CREDENTIALS: 'BAD_CREDENTIALS',
  UNREACHABLE: 'UNREACHABLE',
  NOT_A_REGISTRY: 'NOT_A_REGISTRY',
  ADDRESS_REFUSED: 'ADDRESS_REFUSED',
  TLS_ERROR: 'TLS_ERROR',
} as const;
export type ValidationOutcome = (typeof ValidationOutcome)[keyof typeof ValidationOutcome];

/** An upstream as somebody thinks of configuring it. Never logged whole: it holds the password. */
export interface ProbeTarget {
  /** host[:port] as written. */
  readonly host: string;
  /** Empty = none. */
  readonly namespace: string;
  /** undefined = anonymous. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly insecure: boolean;
  readonly caCertificate: string | undefined;
}

/** What asking came to. */
export interface ProbeResult {
  readonly outcome: ValidationOutcome;
  readonly message: string;
  /** Whether the upstream was asked without credentials. */
  readonly anonymous: boolean;
  /** Milliseconds to the first answer; undefined where there was none. */
  readonly latencyMs: number | undefined;
}

/**
 * Asks upstreams, through a data plane: upstream traffic is theirs
 * (docs/design/pull-semantics.md#planes).
 */
export interface UpstreamProbe {
  /** Asks now; changes nothing. Throws the ApiError UNAVAILABLE where no data plane answers within 15 s. */
  probe(target: ProbeTarget): Promise<ProbeResult>;
}
