/**
 * The credentials in the Authorization header of a client. Contains secrets and must not be logged.
 */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'unreadable' };

/** Longest accepted header, in characters. Tokens and secrets of Layover are much shorter. */
const MAX_LENGTH = 8192;

/**
 * Parses an Authorization header (RFC 9110 section 11.6.2; Basic as in RFC 7617, UTF-8). An empty
 * string means that there is no header.
 */
export function parseAuthorization(header: string): Credentials {
  if (header === '') return { kind: 'none' };
  if (header.length > MAX_LENGTH) return { kind: 'unreadable' };
  const match = /^(basic|bearer) +(\S+) *$/i.exec(header);
  if (match === null) return { kind: 'unreadable' };
  const [, scheme, value] = match;
  if (scheme!.toLowerCase() === 'bearer') return { kind: 'bearer', token: value! };
  const text = Buffer.from(value!, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return { kind: 'unreadable' };
  // Docker sends an empty name and password if it has no login.
  if (text === ':') return { kind: 'none' };
  return { kind: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Returns whether a user name is of another registry: clients send the login of Docker Hub to its
 * mirrors (ADR 42). Names of robots contain a `+`, and e-mail addresses, which may too, an `@`.
 */
export function isForeignLogin(username: string): boolean {
  return !username.includes('+') || username.includes('@');
}
