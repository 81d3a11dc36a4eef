import { type ApiTokenRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';

/** A token with the name of its organization. */
export type ApiTokenWithOrganization = ApiTokenRow & { readonly organization_name: string | null };

/** Reads and writes API tokens. Only the hash of a token's text is stored. */
export class ApiTokenStore {
  /**
   * Returns the token with this hash (sha256, hex), also if it is revoked or expired, or undefined
   * if there is none.
   */
  async findByHash(queries: Queries, sha256: string): Promise<ApiTokenWithOrganization | undefined> {
    return queries(`${Table.apiTokens} as t`)
      .leftJoin(`${Table.organizations} as o`, 'o.uid', 't.organization_uid')
      .where('t.token_sha256', sha256)
      .first<ApiTokenWithOrganization | undefined>('t.*', 'o.name as organization_name');
  }

  /** Returns the token with this id, or undefined, and locks its row until the transaction ends. */
  async lockById(queries: Queries, id: string): Promise<ApiTokenRow | undefined> {
    return queries<ApiTokenRow>(Table.apiTokens).where('id', id).forUpdate().first<ApiTokenRow | undefined>();
  }

  /** Inserts a token. Throws the driver's duplicate-key error. */
  async insert(queries: Queries, token: ApiTokenRow): Promise<void> {
    await bulkInsert(queries, Table.apiTokens, [token]);
  }

  /** Inserts or replaces the first admin token. */
  async putAdmin(queries: Queries, token: ApiTokenRow): Promise<void> {
    await bulkInsert(queries, Table.apiTokens, [token], {
      kind: 'merge',
      key: ['id'],
      columns: { token_sha256: 'replace', revoked_at: 'replace', created_at: 'replace' },
    });
  }

  /** Revokes a token. Returns false if it was already revoked. */
  async revoke(queries: Queries, id: string, now: number): Promise<boolean> {
    return (
      (await queries<ApiTokenRow>(Table.apiTokens)
        .where('id', id)
        .whereNull('revoked_at')
        .update({ revoked_at: now })) === 1
    );
  }
}
