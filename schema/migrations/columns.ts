import type { Knex } from 'knex';

/** Longest digest: sha512 with its prefix. */
export const DIGEST_LENGTH = 135;
/** A uuid in text. */
export const UID_LENGTH = 36;

/**
 * Columns that mean the same on SQLite and MySQL. Keys compare bytewise on both: MySQL's default collations fold case
 * and accents, so a key there is ascii_bin, and other text is utf8mb4_bin.
 */
export class Columns {
  private readonly mysql: boolean;

  constructor(
    knex: Knex,
    private readonly table: Knex.CreateTableBuilder,
  ) {
    this.mysql = String(knex.client.config.client) === 'mysql2';
  }

  /** Text of ASCII characters that is compared, sorted or unique. */
  key(name: string, length: number): Knex.ColumnBuilder {
    return this.mysql
      ? this.table.specificType(name, `varchar(${length}) character set ascii collate ascii_bin`)
      : this.table.string(name, length);
  }

  /** Any text up to `length` characters. */
  text(name: string, length: number): Knex.ColumnBuilder {
    return this.mysql
      ? this.table.specificType(name, `varchar(${length}) character set utf8mb4 collate utf8mb4_bin`)
      : this.table.string(name, length);
  }

  /** Text up to 16 MiB, never searched. MySQL allows it no default. */
  longText(name: string): Knex.ColumnBuilder {
    return this.mysql
      ? this.table.specificType(name, 'mediumtext character set utf8mb4 collate utf8mb4_bin')
      : this.table.text(name);
  }

  /** Milliseconds since the epoch, bytes, or a counter. */
  number(name: string): Knex.ColumnBuilder {
    return this.table.bigInteger(name);
  }

  /** 0 or 1. */
  flag(name: string): Knex.ColumnBuilder {
    return this.table.specificType(name, 'smallint');
  }
}

/** Creates one table with the columns of {@link Columns}. */
export async function createTable(
  knex: Knex,
  name: string,
  build: (columns: Columns, table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  await knex.schema.createTable(name, (table) => {
    if (String(knex.client.config.client) === 'mysql2') {
      table.engine('InnoDB');
      table.charset('utf8mb4');
      table.collate('utf8mb4_bin');
    }
    build(new Columns(knex, table), table);
  });
}

/** Drops tables in the order given. */
export async function dropTables(knex: Knex, ...names: readonly string[]): Promise<void> {
  for (const name of names) await knex.schema.dropTableIfExists(name);
}
