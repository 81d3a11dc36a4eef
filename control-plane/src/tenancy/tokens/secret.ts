import { createHash, randomBytes } from 'node:crypto';

/** What a secret is for, as the text that it begins with: people and secret scanners know what they have found. */
export const SecretPrefix = { apiToken: 'lyt_', robot: 'lyr_' } as const;
export type SecretPrefix = (typeof SecretPrefix)[keyof typeof SecretPrefix];

/** A new secret: 256 random bits, in base64url, behind its prefix. */
export function newSecret(prefix: SecretPrefix): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`;
}

/** The form in which a secret is stored: sha256, hex. Secrets are random and long, so a fast hash is enough. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
