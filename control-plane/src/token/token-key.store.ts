import { randomBytes } from 'node:crypto';
import type { SealedBox } from '../../../common/security/sealed-box';
import { Table, type TokenKeyRow } from '../../../schema/tables';
import { bulkInsert } from '../db/bulk-insert';
import type { Queries } from '../db/database';
import { newId } from '../ids/new-id';

/** A key that pull tokens are signed and checked with. */
export interface TokenKey {
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Buffer;
}

/** Reads and writes the keys of pull tokens; sealed in the database. */
export class TokenKeyStore {
  constructor(private readonly box: SealedBox) {}

  /** The keys in use, the newest first: it signs. Keys that no configured master key opens are left out. */
  async read(queries: Queries): Promise<readonly TokenKey[]> {
    const rows = await queries<TokenKeyRow>(Table.tokenKeys)
      .whereNull('retired_at')
      .orderBy([
        { column: 'created_at', order: 'desc' },
        { column: 'id', order: 'desc' },
      ]);
    return rows.flatMap((row) => {
      const secret = this.open(row);
      return secret === undefined ? [] : [{ id: row.id, secret }];
    });
  }

  /** Makes a key when there is none that can be opened. Pull tokens live minutes, so clients just ask for new ones. */
  async ensure(queries: Queries, now: number): Promise<boolean> {
    if ((await this.read(queries)).length > 0) return false;
    const id = newId();
    const row: TokenKeyRow = {
      id,
      sealed_secret: this.box.seal(randomBytes(32), id),
      created_at: now,
      retired_at: null,
    };
    await bulkInsert(queries, Table.tokenKeys, [row]);
    return true;
  }

  /** Seals again, with the present master key, what a previous one sealed. */
  async reseal(queries: Queries): Promise<void> {
    for (const row of await queries<TokenKeyRow>(Table.tokenKeys)) {
      if (this.box.isCurrent(row.sealed_secret)) continue;
      const secret = this.open(row);
      if (secret === undefined) continue;
      await queries<TokenKeyRow>(Table.tokenKeys)
        .where('id', row.id)
        .update({ sealed_secret: this.box.seal(secret, row.id) });
    }
  }

  private open(row: TokenKeyRow): Buffer | undefined {
    try {
      return this.box.open(row.sealed_secret, row.id);
    } catch {
      return undefined;
    }
  }
}
