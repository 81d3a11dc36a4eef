import { SignJWT } from 'jose';

/** The parts of a token for a scanner. */
export interface ScanTokenSpec {
  readonly key: { readonly id: string; readonly secret: Buffer };
  /** `<organization>/<repository>`. */
  readonly name: string;
  /** If undefined, the claim is omitted. */
  readonly blob: unknown;
  readonly subject?: string;
  /** Seconds since the epoch. Default: one hour after `now`. */
  readonly expiresAt?: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Returns an Authorization header with a token that is signed as the control plane signs tokens for
 * a scanner.
 */
export async function scanToken(spec: ScanTokenSpec): Promise<string> {
  const { key, name, blob, subject = 'scan:clair', now } = spec;
  const access = [{ type: 'repository', name, actions: ['pull'] }];
  const seconds = Math.floor(now / 1000);
  const token = await new SignJWT({ access, ...(blob === undefined ? {} : { layover_blob: blob }) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.id })
    .setIssuer('layover')
    .setAudience('layover')
    .setSubject(subject)
    .setIssuedAt(seconds)
    .setExpirationTime(spec.expiresAt ?? seconds + 3600)
    .sign(key.secret);
  return `Bearer ${token}`;
}
