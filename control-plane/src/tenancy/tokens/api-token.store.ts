import { type ApiTokenRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';

/** A token with the name of its organization. */
export type ApiTokenWithOrganization = ApiTokenRow & { readonly organization_name: string | null };

/** Reads and writes tokens of the management API, by the hash of their text. */
export class ApiTokenStore {
  /** The token with that hash (sha256, hex), revoked and expired ones included; undefined when there is none. */
  async findByHash(queries: Queries, sha256: string): Promise<ApiTokenWithOrganization | undefined> {
    return queries(`${Table.apiTokens} as t`)
      .leftJoin(`${Table.organizations} as o`, 'o.uid', 't.organization_uid')
      .where('t.token_sha256', sha256)
      .first<ApiTokenWithOrganization | undefined>('t.*', 'o.name as organization_name');
  }

  /** The token with that id, or undefined; nobody else changes it before the transaction ends. */
  async lockById(queries: Queries, id: string): Promise<ApiTokenRow | undefined> {
    return queries<ApiTokenRow>(Table.apiTokens).where('id', id).forUpdate().first<ApiTokenRow | undefined>();
  }

  /** Writes a new one. Throws the driver's duplicate error. */
  async insert(queries: Queries, token: ApiTokenRow): Promise<void> {
    await bulkInsert(queries, Table.apiTokens, [token]);
  }

  /** Puts the first admin token in place, whatever was there. */
  async putAdmin(queries: Queries, token: ApiTokenRow): Promise<void> {
    await bulkInsert(queries, Table.apiTokens, [token], {
      kind: 'merge',
      key: ['id'],
      columns: { token_sha256: 'replace', revoked_at: 'replace', created_at: 'replace' },
    });
  }

  /** Revokes it; false when it was already. */
  async revoke(queries: Queries, id: string, now: number): Promise<boolean> {
    return (
      (await queries<ApiTokenRow>(Table.apiTokens)
        .where('id', id)
        .whereNull('revoked_at')
        .update({ revoked_at: now })) === 1
    );
  }
}
