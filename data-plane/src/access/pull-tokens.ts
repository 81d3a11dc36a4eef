import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import { LayoverError } from '../../../common/errors/layover-error';
import { type Digest, parseDigest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { ConfigurationSnapshot } from '../configuration/configuration';
import type { TokenAccess } from './token-scope';

/** How long a pull token is good, in seconds (docs/design/access.md#pull-tokens). */
export const TOKEN_LIFETIME_SECONDS = 300;

const ISSUER = 'layover';
/** Every token names Layover in its audience beside the service that the client named: data planes ask for this one. */
const AUDIENCE = 'layover';
const CLOCK_TOLERANCE_SECONDS = 30;
const MAX_VERIFIED = 10_000;
/** A client may take so long over one blob that its token has long expired when another node has to go on. */
const LONGEST_ANSWER_MS = 86_400_000;

/** What a token says, once its signature is proven. */
export interface TokenClaims {
  /** `anonymous`, `<organization>+<robot>`, or a scanner: see SCANNER. */
  readonly subject: string;
  /** See RobotAccount; empty for anonymous. */
  readonly secretVersion: string;
  readonly access: readonly TokenAccess[];
  /** The one blob that it is for, and nothing else; absent = it is not limited to one. */
  readonly blob?: Digest;
}

/** Subjects of tokens that the control plane makes for a scanner, each for a single blob. No robot is called so: its name would begin with its organization's. */
export const SCANNER = /^scan:[a-z]{1,32}$/;

interface Verified {
  readonly claims: TokenClaims;
  readonly keyId: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Signs and verifies pull tokens: JWTs, HS256, with the keys of the configuration snapshot. A verified token is remembered
 * (a pull brings the same one dozens of times), but its age and its key are checked at every use.
 */
export class PullTokens {
  private readonly verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED });

  constructor(private readonly clock: Clock) {}

  /** A token good for five minutes. Throws NOT_READY where the configuration has no key to sign with. */
  async issue(
    snapshot: ConfigurationSnapshot,
    service: string,
    claims: TokenClaims,
  ): Promise<{ readonly token: string; readonly issuedAt: number }> {
    const [key] = snapshot.tokenKeys;
    if (key === undefined) throw new LayoverError('NOT_READY', { message: 'there is no key to sign tokens with yet' });
    const now = Math.floor(this.clock.now() / 1000);
    const token = await new SignJWT({ access: claims.access, sv: claims.secretVersion })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.id })
      .setIssuer(ISSUER)
      .setSubject(claims.subject)
      .setAudience([...new Set([AUDIENCE, service.slice(0, 256)])].filter((name) => name !== ''))
      .setIssuedAt(now)
      .setNotBefore(now - CLOCK_TOLERANCE_SECONDS)
      .setExpirationTime(now + TOKEN_LIFETIME_SECONDS)
      .setJti(uuidv7())
      .sign(key.secret);
    return { token, issuedAt: now * 1000 };
  }

  /**
   * The token's claims. `since`: the answer that it was shown for began then, in milliseconds since the epoch, and this is the rest of it, so that is when it had to be
   * good; at most a day is believed. 0 = now. Throws UNAUTHORIZED, saying whether it has expired or is not one of ours.
   */
  async verify(snapshot: ConfigurationSnapshot, token: string, since = 0): Promise<TokenClaims> {
    const now = this.clock.now();
    const at = since === 0 ? now : Math.min(now, Math.max(since, now - LONGEST_ANSWER_MS));
    const known = this.verified.get(token);
    if (known !== undefined && snapshot.tokenKeys.some((key) => key.id === known.keyId)) {
      if (known.expiresAt + CLOCK_TOLERANCE_SECONDS > at / 1000) return known.claims;
      throw expired();
    }
    const fresh = await this.check(snapshot, token, at);
    this.verified.set(token, fresh);
    return fresh.claims;
  }

  private async check(snapshot: ConfigurationSnapshot, token: string, at: number): Promise<Verified> {
    try {
      const { payload, protectedHeader } = await jwtVerify(
        token,
        ({ kid }) => {
          const key = snapshot.tokenKeys.find((candidate) => candidate.id === kid);
          if (key === undefined) throw new errors.JWKSNoMatchingKey();
          return key.secret;
        },
        {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience: AUDIENCE,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(at),
          requiredClaims: ['exp', 'sub'],
        },
      );
      return {
        keyId: protectedHeader.kid!,
        expiresAt: payload.exp!,
        claims: {
          subject: payload.sub!,
          secretVersion: typeof payload.sv === 'string' ? payload.sv : '',
          // Signed by us, so it has the shape that issue() gave it.
          access: (payload.access ?? []) as readonly TokenAccess[],
          ...readBlob(payload['layover_blob']),
        },
      };
    } catch (error) {
      // By code, not by class: classes differ between test realms.
      if ((error as { code?: unknown } | null)?.code === 'ERR_JWT_EXPIRED') throw expired();
      throw new LayoverError('UNAUTHORIZED', { message: 'the token was not issued by this registry', cause: error });
    }
  }
}

/** A limit that can't be read is no reason to have none. Throws UNAUTHORIZED. */
function readBlob(claim: unknown): { readonly blob?: Digest } {
  if (claim === undefined) return {};
  const blob = typeof claim === 'string' ? parseDigest(claim) : undefined;
  if (blob === undefined)
    throw new LayoverError('UNAUTHORIZED', { message: 'the token is for a blob that has no digest' });
  return { blob };
}

function expired(): LayoverError {
  return new LayoverError('UNAUTHORIZED', { message: 'the token has expired; ask for a new one' });
}
