import type { Knex } from 'knex';

/** Longest digest: sha512 with its prefix. */
export const DIGEST_LENGTH = 135;
/** A uuid in text. */
export const UID_LENGTH = 36;

/** Bytes that a character of UTF-8 takes at most. */
const BYTES_PER_CHARACTER = 4;

/**
 * Adds columns that mean the same on SQLite and MySQL. Text on MySQL is bytes (VARBINARY, MEDIUMBLOB) that hold UTF-8:
 * the only text that every version compares, sorts and keeps unique bytewise, trailing spaces included (ADR 11). The
 * driver gives it back as text (control-plane/src/db/read-text.ts).
 */
export class Columns {
  constructor(
    private readonly table: Knex.CreateTableBuilder,
    private readonly onMysql: boolean,
  ) {}

  /** Text that is compared, sorted or unique. MySQL's indexes hold 3072 bytes, 4 for each character. */
  key(name: string, length: number): Knex.ColumnBuilder {
    return this.text(name, length);
  }

  /** Any text up to `length` characters. */
  text(name: string, length: number): Knex.ColumnBuilder {
    return this.onMysql ? this.table.specificType(name, textType(length)) : this.table.string(name, length);
  }

  /** Text up to 16 MiB, never searched. MySQL allows it no default. */
  longText(name: string): Knex.ColumnBuilder {
    return this.onMysql ? this.table.specificType(name, LONG_TEXT_TYPE) : this.table.text(name);
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

/** MySQL's type of {@link Columns.longText}. */
export const LONG_TEXT_TYPE = 'mediumblob';

/** Returns MySQL's type of text up to `length` characters. */
export function textType(length: number): string {
  return `varbinary(${length * BYTES_PER_CHARACTER})`;
}

/**
 * Creates one table with the columns of {@link Columns}. MySQL commits each statement at once, and knex makes several for
 * a table with indexes; so the table gets its name last, and a migration that was cut off goes on after the tables that
 * have theirs.
 */
export async function createTable(
  knex: Knex,
  name: string,
  build: (columns: Columns, table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  if (!isMysql(knex)) {
    await knex.schema.createTable(name, (table) => build(new Columns(table, false), table));
    return;
  }
  if (await knex.schema.hasTable(name)) return;
  const unfinished = `${name}_unfinished`;
  await knex.schema.dropTableIfExists(unfinished);
  await knex.schema.createTable(unfinished, (table) => {
    table.engine('InnoDB');
    table.charset('binary');
    build(new Columns(table, true), table);
  });
  await knex.schema.renameTable(unfinished, name);
}

/** Adds a column, where a migration that was cut off has not done so. One column at a time, for the same reason. */
export async function addColumn(
  knex: Knex,
  table: string,
  column: string,
  build: (columns: Columns) => void,
): Promise<void> {
  if (await knex.schema.hasColumn(table, column)) return;
  await knex.schema.alterTable(table, (builder) => build(new Columns(builder, isMysql(knex))));
}

/** Adds an index, where a migration that was cut off has not done so. */
export async function addIndex(knex: Knex, table: string, columns: readonly string[], name: string): Promise<void> {
  if (isMysql(knex)) {
    const [found] = (await knex.raw(
      'SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ?',
      [table, name],
    )) as [unknown[]];
    if (found.length > 0) return;
  }
  await knex.schema.alterTable(table, (builder) => builder.index([...columns], name));
}

/** Writes the first row of a table that has one, where it is not there. */
export async function insertOnce<Row extends { readonly id: number }>(
  knex: Knex,
  table: string,
  row: Row,
): Promise<void> {
  if ((await knex(table).where('id', row.id).first('id')) === undefined) await knex(table).insert(row);
}

/** Drops tables in the order given. */
export async function dropTables(knex: Knex, ...names: readonly string[]): Promise<void> {
  for (const name of names) await knex.schema.dropTableIfExists(name);
}

/** Returns whether a migration runs on MySQL (or MariaDB). */
export function isMysql(knex: Knex): boolean {
  return String(knex.client.config.client) === 'mysql2';
}
