import { readFileSync, rmSync } from 'node:fs';
import { createFileSync } from '../../../../common/files/durable-file';
import type { Clock } from '../../../../common/runtime/clock';
import type { ApiTokenRow } from '../../../../schema/tables';
import { Role } from './role';
import type { Database } from '../../db/database';
import { isDuplicate } from '../../db/database-error';
import type { ApiTokenStore } from './api-token.store';
import { hashSecret, newSecret, SecretPrefix } from './secret';

/** The id and the name of the first admin token. */
const ADMIN = 'admin';

/** Dependencies of {@link ensureAdminToken}. */
export interface AdminTokenParts {
  readonly database: Database;
  readonly tokens: ApiTokenStore;
  readonly clock: Clock;
  /** LAYOVER_ADMIN_TOKEN. */
  readonly configured: string | undefined;
  /** The file for a generated token, with mode 0600. */
  readonly file: string;
  /** Shows a line to the operator, once. */
  readonly announce: (line: string) => void;
}

/**
 * Makes sure that an admin token exists: the configured one, which replaces the stored one, or a
 * token that the first start generates, writes to the file and announces once. The file is written
 * before the row, so a crash in between loses nothing. If several control planes start at once on
 * one database, one of them generates the token and only its home has the file.
 */
export async function ensureAdminToken(parts: AdminTokenParts): Promise<void> {
  const { database, tokens, configured } = parts;
  if (configured !== undefined) {
    await database.transaction(async (queries) => {
      const current = await tokens.lockById(queries, ADMIN);
      if (current?.token_sha256 === hashSecret(configured) && current.revoked_at === null) return;
      await tokens.putAdmin(queries, adminRow(configured, parts.clock));
    });
    return;
  }
  if (await database.transaction(async (queries) => (await tokens.lockById(queries, ADMIN)) !== undefined)) return;
  const token = createOrReadToken(parts.file);
  try {
    await database.transaction((queries) => tokens.insert(queries, adminRow(token, parts.clock)));
  } catch (error) {
    // Another control plane on the same database was first. Its token is valid; the file with ours
    // is removed so that nobody uses it.
    if (!isDuplicate(error)) throw error;
    const inForce = await database.transaction((queries) => tokens.lockById(queries, ADMIN));
    if (inForce?.token_sha256 !== hashSecret(token)) rmSync(parts.file, { force: true });
    return;
  }
  parts.announce(`Admin token of Layover (shown once, stored in ${parts.file}): ${token}`);
}

function adminRow(token: string, clock: Clock): ApiTokenRow {
  return {
    id: ADMIN,
    name: ADMIN,
    role: Role.ADMIN,
    organization_uid: null,
    token_sha256: hashSecret(token),
    created_at: clock.now(),
    expires_at: null,
    revoked_at: null,
  };
}

/**
 * Writes a new token to the file, durably. Returns the token, or the token of an earlier start that
 * did not complete.
 */
function createOrReadToken(file: string): string {
  createFileSync(file, `${newSecret(SecretPrefix.apiToken)}\n`);
  return readFileSync(file, 'utf8').trim();
}
