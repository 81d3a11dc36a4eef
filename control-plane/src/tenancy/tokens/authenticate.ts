import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../../common/runtime/clock';
import { Role } from './role';
import type { Viewer } from './viewer';
import type { Database } from '../../db/database';
import { ApiError } from '../../errors/api-error';
import type { ApiTokenStore } from './api-token.store';
import { hashSecret } from './secret';

/** Finds the viewer of an API token. */
export class Authenticator {
  constructor(
    private readonly database: Database,
    private readonly tokens: ApiTokenStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the viewer of a token, if it is valid, and whether the token is known at all. Tokens
   * are looked up by hash, so that the response time reveals nothing about them.
   */
  async find(token: string): Promise<{ readonly viewer: Viewer | undefined; readonly isKnown: boolean }> {
    const hash = hashSecret(token);
    const row = await this.tokens.findByHash(this.database.reader, hash);
    if (row === undefined || !timingSafeEqual(Buffer.from(row.token_sha256, 'hex'), Buffer.from(hash, 'hex')))
      return { viewer: undefined, isKnown: false };
    const isValid =
      row.revoked_at === null &&
      (row.expires_at === null || row.expires_at > this.clock.now()) &&
      (row.role === Role.ADMIN || row.organization_name !== null);
    if (!isValid) return { viewer: undefined, isKnown: true };
    const viewer = {
      id: row.id,
      name: row.name,
      role: row.role as Role,
      organization:
        row.organization_uid === null || row.organization_name === null
          ? undefined
          : { uid: row.organization_uid, name: row.organization_name },
    };
    return { viewer, isKnown: true };
  }
}

/** Returns the token of a `Bearer` header. Throws UNAUTHENTICATED if there is none. */
export function tokenOf(authorization: string | undefined): string {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined || token.length > 1024)
    throw new ApiError('UNAUTHENTICATED', 'A token is required. Send it as "Authorization: Bearer <token>".');
  return token;
}
