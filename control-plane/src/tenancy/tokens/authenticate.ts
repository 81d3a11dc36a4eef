import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../../common/runtime/clock';
import { Role } from './role';
import type { Viewer } from './viewer';
import type { Database } from '../../db/database';
import { ApiError } from '../../errors/api-error';
import type { ApiTokenStore } from './api-token.store';
import { hashSecret } from './secret';

/** Finds the viewer of an Authorization header. */
export class Authenticator {
  constructor(
    private readonly database: Database,
    private readonly tokens: ApiTokenStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the viewer of a `Bearer` header. Throws UNAUTHENTICATED with the same message for
   * unknown, expired and revoked tokens. Tokens are looked up by hash, so that the response time
   * reveals nothing about them.
   */
  async authenticate(authorization: string | undefined): Promise<Viewer> {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined || token.length > 1024)
      throw new ApiError('UNAUTHENTICATED', 'A token is required. Send it as "Authorization: Bearer <token>".');
    const hash = hashSecret(token);
    const row = await this.tokens.findByHash(this.database.reader, hash);
    const good =
      row !== undefined &&
      timingSafeEqual(Buffer.from(row.token_sha256, 'hex'), Buffer.from(hash, 'hex')) &&
      row.revoked_at === null &&
      (row.expires_at === null || row.expires_at > this.clock.now()) &&
      (row.role === Role.ADMIN || row.organization_name !== null);
    if (!good) throw new ApiError('UNAUTHENTICATED', 'The token is unknown, expired or revoked.');
    return {
      id: row.id,
      name: row.name,
      role: row.role as Role,
      organization:
        row.organization_uid === null || row.organization_name === null
          ? undefined
          : { uid: row.organization_uid, name: row.organization_name },
    };
  }
}
