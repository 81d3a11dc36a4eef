import type { Clock } from '../../../../common/runtime/clock';
import { Role } from './role';
import { newAuditEvent } from '../../audit/audit-event';
import type { AuditStore } from '../../audit/audit.store';
import type { Database } from '../../db/database';
import { ApiError, badInput } from '../../errors/api-error';
import { newId } from '../../db/new-id';
import type { OrganizationStore } from '../organizations/organization.store';
import type { ApiTokenStore } from './api-token.store';
import { hashSecret, newSecret, SecretPrefix } from './secret';

/** The properties of a new token. */
export interface NewApiToken {
  readonly name: string;
  readonly role: Role;
  readonly organization: string | undefined;
  /** Milliseconds since the epoch; undefined if it never expires. */
  readonly expiresAt: number | undefined;
}

/** Dependencies of {@link ApiTokenService}. */
export interface ApiTokenParts {
  readonly database: Database;
  readonly tokens: ApiTokenStore;
  readonly organizations: OrganizationStore;
  readonly audit: AuditStore;
  readonly clock: Clock;
}

/** The rule for token names, which appear in the audit log. */
export const TOKEN_NAME_RULE = "1 to 64 letters, digits, '.', '_' or '-'";
const TOKEN_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Creates and revokes API tokens. */
export class ApiTokenService {
  constructor(private readonly parts: ApiTokenParts) {}

  /** Creates a token. Its text is returned only here. Throws BAD_USER_INPUT or NOT_FOUND. */
  async create(
    wanted: NewApiToken,
    actor: string,
  ): Promise<{ readonly id: string; readonly name: string; readonly token: string }> {
    const { database, tokens, organizations, audit, clock } = this.parts;
    const now = clock.now();
    if (!TOKEN_NAME.test(wanted.name)) throw badInput('name', `must be ${TOKEN_NAME_RULE}`);
    if (wanted.role === Role.ADMIN && wanted.organization !== undefined)
      throw badInput('organization', 'must be omitted for role ADMIN');
    if (wanted.role !== Role.ADMIN && wanted.organization === undefined)
      throw badInput('organization', `is required for role ${wanted.role}`);
    if (wanted.expiresAt !== undefined && wanted.expiresAt <= now) throw badInput('expiresAt', 'must be in the future');
    const id = newId();
    const token = newSecret(SecretPrefix.apiToken);
    await database.transaction(async (queries) => {
      const { organization: name } = wanted;
      const organization = name === undefined ? undefined : await organizations.lockByName(queries, name);
      if (name !== undefined && organization === undefined)
        throw new ApiError('NOT_FOUND', `Organization '${name}' does not exist.`, 'organization');
      await tokens.insert(queries, {
        id,
        name: wanted.name,
        role: wanted.role,
        organization_uid: organization?.uid ?? null,
        token_sha256: hashSecret(token),
        created_at: now,
        expires_at: wanted.expiresAt ?? null,
        revoked_at: null,
      });
      const detail = { id, name: wanted.name, role: wanted.role, expiresAt: wanted.expiresAt ?? null };
      await audit.append(queries, [newAuditEvent({ kind: 'TOKEN_CREATED', at: now, actor, organization, detail })]);
    });
    return { id, name: wanted.name, token };
  }

  /**
   * Revokes a token, starting with the next request. Returns false if the token does not exist or
   * was already revoked.
   */
  async revoke(id: string, actor: string): Promise<boolean> {
    const { database, tokens, organizations, audit, clock } = this.parts;
    return database.transaction(async (queries) => {
      const token = await tokens.lockById(queries, id);
      if (token === undefined || !(await tokens.revoke(queries, id, clock.now()))) return false;
      const [organization] =
        token.organization_uid === null ? [] : await organizations.findByUids(queries, [token.organization_uid]);
      const detail = { id, name: token.name, role: token.role };
      await audit.append(queries, [
        newAuditEvent({ kind: 'TOKEN_REVOKED', at: clock.now(), actor, organization, detail }),
      ]);
      return true;
    });
  }
}
