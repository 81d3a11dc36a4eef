import { createHash, randomBytes } from 'node:crypto';

/** The prefix of a secret. It tells people and secret scanners what they have found. */
export const SecretPrefix = { apiToken: 'lyt_', robot: 'lyr_' } as const;
export type SecretPrefix = (typeof SecretPrefix)[keyof typeof SecretPrefix];

/** Returns a new secret: the prefix and 256 random bits in base64url. */
export function newSecret(prefix: SecretPrefix): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`;
}

/**
 * Returns the hash that is stored for a secret: sha256, hex. Secrets are random and long, so a fast
 * hash is enough.
 */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
