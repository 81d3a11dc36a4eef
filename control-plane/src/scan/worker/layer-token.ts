import { SignJWT } from 'jose';
import type { TokenKey } from '../../tenancy/tokens/token-key.store';
import { newId } from '../../db/new-id';
import type { LayerSource } from './layer-source';

/** Issuer and audience of pull tokens (data-plane/src/access). */
const ISSUER = 'layover';
const AUDIENCE = 'layover';
/** The subject of scanner tokens. */
const SUBJECT = 'scan:clair';
/** Maximum difference between the clocks of planes, in seconds. */
const EARLIER_SECONDS = 30;

/**
 * Returns a pull token for one blob of one repository; the claim `layover_blob` limits it to that
 * digest. It is signed like other pull tokens, and valid long enough for queueing and indexing in
 * Clair. Data planes know its key for a week after the key has retired (ADR 9).
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
