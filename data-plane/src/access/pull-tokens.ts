import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import { LayoverError } from '../../../common/errors/layover-error';
import { type Digest, parseDigest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { ConfigurationSnapshot } from '../configuration/configuration';
import type { TokenAccess } from './token-scope';

/** Longest lifetime of a pull token, in seconds (docs/design/access.md#pull-tokens). */
const TOKEN_LIFETIME_SECONDS = 300;

const ISSUER = 'layover';
/**
 * The audience that data planes require. Every token has it in addition to the service that the
 * client named.
 */
const AUDIENCE = 'layover';
const CLOCK_TOLERANCE_SECONDS = 30;
const MAX_VERIFIED = 10_000;
/**
 * Longest time between the start of an answer and a request that continues it on another node. The
 * download of a blob can take much longer than a token is valid.
 */
const MAX_ANSWER_MS = 86_400_000;

/** The claims of a token whose signature was verified. */
export interface TokenClaims {
  /** `anonymous`, `<organization>+<robot>`, or a scanner (see SCANNER_SUBJECT). */
  readonly subject: string;
  /** The secret version of the robot (see RobotAccount); empty for anonymous. */
  readonly secretVersion: string;
  readonly access: readonly TokenAccess[];
  /** The only blob that the token permits; absent = the token is not limited to a blob. */
  readonly blob?: Digest;
}

/**
 * Matches the subjects of the tokens that the control plane issues to scanners, each for a single
 * blob. A robot cannot have such a subject, because the name of its organization comes first.
 */
export const SCANNER_SUBJECT = /^scan:[a-z]{1,32}$/;

interface Verified {
  readonly claims: TokenClaims;
  readonly keyId: string;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly expiresAt: number;
}

/**
 * Signs and verifies pull tokens: JWTs with HS256 and the keys of the configuration snapshot.
 * Verified tokens are cached, because clients send the same token many times during a pull. The age
 * and the key of a cached token are checked at every use.
 */
export class PullTokens {
  private readonly verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED });

  constructor(private readonly clock: Clock) {}

  /**
   * Issues a token that is valid for five minutes, and not longer than until `endsAt`, in
   * milliseconds since the epoch. Throws NOT_READY if the configuration has no signing key.
   */
  async issue(
    snapshot: ConfigurationSnapshot,
    service: string,
    claims: TokenClaims,
    endsAt = Infinity,
  ): Promise<{ readonly token: string; readonly issuedAt: number; readonly expiresInSeconds: number }> {
    const [key] = snapshot.tokenKeys;
    if (key === undefined)
      throw new LayoverError('NOT_READY', {
        message: 'the data plane has no key to sign tokens with yet; try again in a moment',
      });
    const now = Math.floor(this.clock.now() / 1000);
    const expiresAt = Math.min(now + TOKEN_LIFETIME_SECONDS, Math.floor(endsAt / 1000));
    const token = await new SignJWT({ access: claims.access, sv: claims.secretVersion })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.id })
      .setIssuer(ISSUER)
      .setSubject(claims.subject)
      .setAudience([...new Set([AUDIENCE, service.slice(0, 256)])].filter((name) => name !== ''))
      .setIssuedAt(now)
      .setNotBefore(now - CLOCK_TOLERANCE_SECONDS)
      .setExpirationTime(expiresAt)
      .setJti(uuidv7())
      .sign(key.secret);
    // Clients take 0 for "not given" and then assume a minute.
    return { token, issuedAt: now * 1000, expiresInSeconds: Math.max(1, expiresAt - now) };
  }

  /**
   * Verifies a token and returns its claims. `since` is set if the request continues an earlier
   * answer: the time when that answer began, in milliseconds since the epoch, at most one day ago;
   * 0 = now. The token must have been valid at that time. Throws UNAUTHORIZED with the reason:
   * expired, or not issued by Layover.
   */
  async verify(snapshot: ConfigurationSnapshot, token: string, since = 0): Promise<TokenClaims> {
    const now = this.clock.now();
    const at = since === 0 ? now : Math.min(now, Math.max(since, now - MAX_ANSWER_MS));
    const known = this.verified.get(token);
    if (known !== undefined && snapshot.tokenKeys.some((key) => key.id === known.keyId)) {
      if (known.expiresAt + CLOCK_TOLERANCE_SECONDS <= at / 1000) throw expired();
      if (known.notBefore - CLOCK_TOLERANCE_SECONDS <= at / 1000) return known.claims;
      // The clock was set back since the token was issued. By it, the token would be valid for as
      // long as the clock was wrong.
      this.verified.delete(token);
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
        notBefore: payload.nbf ?? 0,
        expiresAt: payload.exp!,
        claims: {
          subject: payload.sub!,
          secretVersion: typeof payload.sv === 'string' ? payload.sv : '',
          // Layover signed the token, so the claim has the shape that issue() wrote.
          access: (payload.access ?? []) as readonly TokenAccess[],
          ...readBlob(payload['layover_blob']),
        },
      };
    } catch (error) {
      // The class differs between test realms, so the code is compared.
      if ((error as { code?: unknown } | null)?.code === 'ERR_JWT_EXPIRED') throw expired();
      throw new LayoverError('UNAUTHORIZED', {
        message: 'the token was not issued by this registry; request a new one',
        cause: error,
      });
    }
  }
}

/**
 * Returns the blob limit of a token. Throws UNAUTHORIZED for an unreadable limit, which must not be
 * treated as "no limit".
 */
function readBlob(claim: unknown): { readonly blob?: Digest } {
  if (claim === undefined) return {};
  const blob = typeof claim === 'string' ? parseDigest(claim) : undefined;
  if (blob === undefined)
    throw new LayoverError('UNAUTHORIZED', {
      message: 'the token is limited to a blob, but the digest of the blob is invalid',
    });
  return { blob };
}

/** Returns whether a token was refused because its key is not known, or not yet. */
export function isUnknownKey(refusal: unknown): boolean {
  const cause = (refusal as { readonly cause?: { readonly code?: unknown } | null } | null)?.cause;
  return cause?.code === 'ERR_JWKS_NO_MATCHING_KEY';
}

function expired(): LayoverError {
  return new LayoverError('UNAUTHORIZED', { message: 'the token has expired; request a new one' });
}
