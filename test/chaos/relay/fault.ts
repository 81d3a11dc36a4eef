/** What a relay does to a connection. */
export const FAULT_KINDS = [
  'delay',
  'throttle',
  'corrupt',
  'cut',
  'half-close',
  'reset',
  'swallow',
  'never-answer',
] as const;

/**
 * - `delay`: both directions stop for a while, then everything arrives.
 * - `throttle`: the rest of the answer arrives slowly.
 * - `corrupt`: one byte of the answer is inverted.
 * - `cut`: both ends of the connection are closed in order (FIN).
 * - `half-close`: the answer ends (FIN), and what the caller sends still arrives.
 * - `reset`: both ends are reset (RST; a Unix socket is closed).
 * - `swallow`: the connection stays open, and nothing that is sent over it arrives any more.
 * - `never-answer`: no answers arrive, on this connection and on all others, until the relay is
 *   healed. Requests arrive.
 */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A fault, and how strong it is. */
export interface Fault {
  readonly kind: FaultKind;
  /** Duration of a delay, in milliseconds. */
  readonly delayMs: number;
  /** Rate of a throttled answer. */
  readonly bytesPerSecond: number;
}
