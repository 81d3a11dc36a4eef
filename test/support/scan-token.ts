import { SignJWT } from 'jose';

/** What is in a token for a scanner. */
export interface ScanTokenSpec {
  readonly key: { readonly id: string; readonly secret: Buffer };
  /** `<organization>/<repository>`. */
  readonly name: string;
  /** undefined = the claim is left out. */
  readonly blob: unknown;
  readonly subject?: string;
  /** Seconds since the epoch; default: an hour from `now`. */
  readonly expiresAt?: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** An Authorization header with a token as the control plane signs it for a scanner. */
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
