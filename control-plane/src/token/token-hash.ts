import { createHash, randomBytes } from 'node:crypto';

/** A new token: 256 random bits behind a prefix that secret scanners can look for. */
export function newToken(): string {
  return `layover_${randomBytes(32).toString('base64url')}`;
}

/** The form in which a token is stored: sha256, hex. Tokens are random and long, so a fast hash is enough. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
