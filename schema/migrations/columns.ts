import type { Knex } from 'knex';

/** Maximum length of a digest: sha512 with its prefix. */
export const DIGEST_LENGTH = 135;
/** Length of a UUID as text. */
export const UID_LENGTH = 36;

/** Maximum number of bytes of one character in UTF-8. */
const BYTES_PER_CHARACTER = 4;

/**
 * Adds columns that mean the same on SQLite and MySQL. Text on MySQL is stored as bytes (VARBINARY,
 * MEDIUMBLOB) that contain UTF-8. Only this type is compared, sorted and checked for uniqueness
 * bytewise by every version, including trailing spaces (ADR 11). The driver returns it as text
 * (control-plane/src/db/read-text.ts).
 */
export class Columns {
  constructor(
    private readonly table: Knex.CreateTableBuilder,
    private readonly onMysql: boolean,
  ) {}

  /**
   * Text that is compared, sorted or unique. An index of MySQL holds 3072 bytes, 4 per character.
   */
  key(name: string, length: number): Knex.ColumnBuilder {
    return this.text(name, length);
  }

  /** Text of up to `length` characters. */
  text(name: string, length: number): Knex.ColumnBuilder {
    return this.onMysql ? this.table.specificType(name, textType(length)) : this.table.string(name, length);
  }

  /** Text of up to 16 MiB that is never searched. MySQL allows no default for it. */
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

/** The MySQL type of {@link Columns.longText}. */
export const LONG_TEXT_TYPE = 'mediumblob';

/** Returns the MySQL type for text of up to `length` characters. */
export function textType(length: number): string {
  return `varbinary(${length * BYTES_PER_CHARACTER})`;
}

/**
 * Creates a table with the columns of {@link Columns}. MySQL commits each statement at once, and
 * knex needs several statements for a table with indexes. The table is therefore renamed to its
 * final name last, so that an interrupted migration continues with the tables that do not exist
 * yet.
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

/**
 * Adds a column unless an interrupted migration has already added it. Adds one column at a time,
 * for the same reason.
 */
export async function addColumn(
  knex: Knex,
  table: string,
  column: string,
  build: (columns: Columns) => void,
): Promise<void> {
  if (await knex.schema.hasColumn(table, column)) return;
  await knex.schema.alterTable(table, (builder) => build(new Columns(builder, isMysql(knex))));
}

/** Adds an index unless an interrupted migration has already added it. */
export async function addIndex(knex: Knex, table: string, columns: readonly string[], name: string): Promise<void> {
  if (isMysql(knex) && (await hasIndex(knex, table, name))) return;
  await knex.schema.alterTable(table, (builder) => builder.index([...columns], name));
}

/** Drops an index unless an interrupted migration has already dropped it. */
export async function dropIndex(knex: Knex, table: string, name: string): Promise<void> {
  if (isMysql(knex) && !(await hasIndex(knex, table, name))) return;
  await knex.schema.alterTable(table, (builder) => builder.dropIndex([], name));
}

async function hasIndex(knex: Knex, table: string, name: string): Promise<boolean> {
  const [found] = (await knex.raw(
    'SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ?',
    [table, name],
  )) as [unknown[]];
  return found.length > 0;
}

/** Inserts the only row of a table unless it exists. */
export async function insertOnce<Row extends { readonly id: number }>(
  knex: Knex,
  table: string,
  row: Row,
): Promise<void> {
  if ((await knex(table).where('id', row.id).first('id')) === undefined) await knex(table).insert(row);
}

/** Drops tables in the given order. */
export async function dropTables(knex: Knex, ...names: readonly string[]): Promise<void> {
  for (const name of names) await knex.schema.dropTableIfExists(name);
}

/** Returns whether a migration runs on MySQL (or MariaDB). */
export function isMysql(knex: Knex): boolean {
  return String(knex.client.config.client) === 'mysql2';
}
