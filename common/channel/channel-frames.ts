import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The frames of the byte channel (docs/design/byte-channel.md#frames). An edge sends a request; the
 * data plane sends a head and then the bytes of the range, nothing else. The next request may
 * follow on the same connection. A refused request is answered by closing the connection.
 */

/** Length of a ticket, in bytes. Tickets are random. */
export const TICKET_BYTES = 32;
/** First bytes of a request: name and version of the protocol. */
const MAGIC = Buffer.from('LAYBYTE1', 'latin1');
/** Length of a proof, in bytes: HMAC-SHA-256. */
const PROOF_BYTES = 32;
/** Length of a request: the magic bytes, the ticket, and the proof of the edge. */
export const REQUEST_BYTES = MAGIC.length + TICKET_BYTES + PROOF_BYTES;
/** Length of a head: the proof of the data plane. */
export const HEAD_BYTES = PROOF_BYTES;

/** The sides of a connection; each proves something else, so that no proof can be sent back. */
type Side = 'edge' | 'data-plane';

/** Returns the request for the bytes of a ticket. `secret`: of the planes; '' if there is none. */
export function formatTicketRequest(ticket: Buffer, secret: string): Buffer {
  return Buffer.concat([MAGIC, ticket, proof('edge', ticket, secret)]);
}

/** A request whose proof is valid. */
export interface ChannelRequest {
  readonly ticket: Buffer;
  /** The secret that the edge used. */
  readonly secret: string;
}

/**
 * Parses a request of REQUEST_BYTES bytes. `secrets`: those that are accepted. Returns undefined if
 * it is malformed, or if its sender knows none of the secrets.
 */
export function parseTicketRequest(request: Buffer, secrets: readonly string[]): ChannelRequest | undefined {
  if (request.length !== REQUEST_BYTES || !request.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const ticket = request.subarray(MAGIC.length, MAGIC.length + TICKET_BYTES);
  const given = request.subarray(MAGIC.length + TICKET_BYTES);
  // All secrets are compared, so that the duration reveals nothing.
  const matches = secrets.filter((secret) => timingSafeEqual(proof('edge', ticket, secret), given));
  return matches[0] === undefined ? undefined : { ticket, secret: matches[0] };
}

/** Returns the head that answers a request. */
export function formatHead({ ticket, secret }: ChannelRequest): Buffer {
  return proof('data-plane', ticket, secret);
}

/**
 * Returns whether a head answers the request for a ticket. It does not if the other side does not
 * know the secret, or answers another request.
 */
export function isHeadFor(head: Buffer, ticket: Buffer, secret: string): boolean {
  return head.length === HEAD_BYTES && timingSafeEqual(head, proof('data-plane', ticket, secret));
}

function proof(side: Side, ticket: Buffer, secret: string): Buffer {
  return createHmac('sha256', secret).update(`layover byte channel, ${side}\0`).update(ticket).digest();
}
