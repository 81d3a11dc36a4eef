import { SignJWT } from 'jose';
import type { TokenKey } from '../../tenancy/tokens/token-key.store';
import { newId } from '../../db/new-id';
import type { LayerSource } from './layer-source';

/** As pull tokens are issued (data-plane/src/access): who signs them, and whom they are for. */
const ISSUER = 'layover';
const AUDIENCE = 'layover';
/** Who Clair is to data planes. */
const SUBJECT = 'scan:clair';
/** Clocks of planes differ by so many seconds at most. */
const EARLIER_SECONDS = 30;

/**
 * A pull token for one blob of one repository, and nothing else: the claim `layover_blob` narrows it to that digest. It is signed as pull
 * tokens are, and outlives queueing and indexing at Clair; its key is known to data planes for a week after it has retired (ADR 9).
 */
export async function layerToken(
  key: TokenKey,
  source: LayerSource,
  digest: string,
  lifetimeSeconds: number,
  now: number,
): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const name = `${source.organization}/${source.repository}`;
  return new SignJWT({ access: [{ type: 'repository', name, actions: ['pull'] }], sv: '', layover_blob: digest })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.id })
    .setIssuer(ISSUER)
    .setSubject(SUBJECT)
    .setAudience([AUDIENCE])
    .setIssuedAt(seconds)
    .setNotBefore(seconds - EARLIER_SECONDS)
    .setExpirationTime(seconds + lifetimeSeconds)
    .setJti(newId())
    .sign(key.secret);
}
