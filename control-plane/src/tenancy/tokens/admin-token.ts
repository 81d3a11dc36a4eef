import { readFileSync, rmSync } from 'node:fs';
import { createFileSync } from '../../../../common/files/durable-file';
import type { Clock } from '../../../../common/runtime/clock';
import type { ApiTokenRow } from '../../../../schema/tables';
import { Role } from './role';
import type { Database } from '../../db/database';
import { isDuplicate } from '../../db/database-error';
import type { ApiTokenStore } from './api-token.store';
import { hashSecret, newSecret, SecretPrefix } from './secret';

/** Id and name of the first admin token. */
const ADMIN = 'admin';

/** What {@link ensureAdminToken} works with. */
export interface AdminTokenParts {
  readonly database: Database;
  readonly tokens: ApiTokenStore;
  readonly clock: Clock;
  /** LAYOVER_ADMIN_TOKEN. */
  readonly configured: string | undefined;
  /** Where a token that was made is written, 0600. */
  readonly file: string;
  /** Shows a person one line, once. */
  readonly announce: (line: string) => void;
}

/**
 * Sees to it that there is an admin token: the configured one (it replaces what was there), or one made at the first
 * start, written to the file and announced once. The file comes before the row, so that a crash in between loses nothing.
 * Of several control planes that start at once on one database, one makes it; the home of that one has the file.
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
  const token = writeOrRead(parts.file);
  try {
    await database.transaction((queries) => tokens.insert(queries, adminRow(token, parts.clock)));
  } catch (error) {
    // Another control plane on the same database was first; its token is the one, and ours must not look like it.
    if (!isDuplicate(error)) throw error;
    const inForce = await database.transaction((queries) => tokens.lockById(queries, ADMIN));
    if (inForce?.token_sha256 !== hashSecret(token)) rmSync(parts.file, { force: true });
    return;
  }
  parts.announce(`Layover's admin token (shown once, kept in ${parts.file}): ${token}`);
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

/** Writes a new token to the file, durably. Returns it, or the token of an earlier start that got no further. */
function writeOrRead(file: string): string {
  createFileSync(file, `${newSecret(SecretPrefix.apiToken)}\n`);
  return readFileSync(file, 'utf8').trim();
}
