/** What an upstream is to us; the names of storage.proto. */
export type ProbeOutcome =
  'OK' | 'BAD_CREDENTIALS' | 'UNREACHABLE' | 'NOT_A_REGISTRY' | 'ADDRESS_REFUSED' | 'TLS_ERROR';

/** An outcome in words: what happened, and what to do about it. Holds no secret, and of the upstream's own text only the names of hosts. */
export interface Verdict {
  readonly outcome: ProbeOutcome;
  readonly message: string;
}
