import { randomBytes } from 'node:crypto';
import type { SealedBox } from '../../../../common/security/sealed-box';
import { Table, type TokenKeyRow } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';
import { newId } from '../../db/new-id';

/** A key that signs and verifies pull tokens. */
export interface TokenKey {
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Buffer;
}

/** Reads and writes the keys of pull tokens. They are sealed in the database. */
export class TokenKeyStore {
  constructor(private readonly box: SealedBox) {}

  /**
   * Returns the keys that verify tokens; the first one also signs. It is the oldest key that has
   * not retired. Newer keys are already distributed but do not sign yet; retired keys verify until
   * their tokens have expired. Keys that no configured master key opens are left out.
   */
  async read(queries: Queries): Promise<readonly TokenKey[]> {
    const rows = await this.rows(queries);
    const inOrder = [
      ...rows.filter((row) => row.retired_at === null),
      ...rows.filter((row) => row.retired_at !== null),
    ];
    return inOrder.flatMap((row) => {
      const secret = this.open(row);
      return secret === undefined ? [] : [{ id: row.id, secret }];
    });
  }

  /**
   * Creates a key if no key can sign. Returns whether it did. Pull tokens live for minutes, so
   * clients simply request new ones.
   */
  async ensure(queries: Queries, now: number): Promise<boolean> {
    const rows = await this.rows(queries);
    if (rows.some((row) => row.retired_at === null && this.open(row) !== undefined)) return false;
    await this.create(queries, now);
    return true;
  }

  /** Creates a key, which signs after all earlier keys have retired. */
  async create(queries: Queries, now: number): Promise<void> {
    const id = newId();
    const row: TokenKeyRow = {
      id,
      sealed_secret: this.box.seal(randomBytes(32), id),
      created_at: now,
      retired_at: null,
    };
    await bulkInsert(queries, Table.tokenKeys, [row]);
  }

  /**
   * Returns the creation times of the keys that have not retired, oldest first, in milliseconds
   * since the epoch.
   */
  async ages(queries: Queries): Promise<readonly number[]> {
    return (await this.rows(queries)).filter((row) => row.retired_at === null).map((row) => row.created_at);
  }

  /** Retires every key that was created before `createdBefore`. Returns the number of keys. */
  async retire(queries: Queries, createdBefore: number, now: number): Promise<number> {
    return queries<TokenKeyRow>(Table.tokenKeys)
      .whereNull('retired_at')
      .where('created_at', '<', createdBefore)
      .update({ retired_at: now });
  }

  /** Deletes every key that retired before `before`. Returns the number of keys. */
  async forget(queries: Queries, before: number): Promise<number> {
    return queries<TokenKeyRow>(Table.tokenKeys).where('retired_at', '<', before).delete();
  }

  /** Seals the keys that a previous master key sealed with the present one. */
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

  /** Returns the number of keys that have not retired and that no configured master key opens. */
  async unreadable(queries: Queries): Promise<number> {
    return (await this.rows(queries)).filter((row) => row.retired_at === null && this.open(row) === undefined).length;
  }

  private async rows(queries: Queries): Promise<readonly TokenKeyRow[]> {
    return queries<TokenKeyRow>(Table.tokenKeys).orderBy(['created_at', 'id']);
  }

  private open(row: TokenKeyRow): Buffer | undefined {
    try {
      return this.box.open(row.sealed_secret, row.id);
    } catch {
      return undefined;
    }
  }
}
