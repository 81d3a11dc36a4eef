import type { Knex } from 'knex';

/** Longest digest: sha512 with its prefix. */
export const DIGEST_LENGTH = 135;
/** A uuid in text. */
export const UID_LENGTH = 36;

/**
 * Columns that mean the same on SQLite and MySQL. All text compares bytewise on both (see {@link bytewiseCollation}), with
 * the whole of Unicode allowed: comparing an ASCII column with other text is an error on MySQL, and callers may ask for
 * any text.
 */
export class Columns {
  /** `collation` undefined = SQLite, which compares bytewise without being told. */
  constructor(
    private readonly table: Knex.CreateTableBuilder,
    private readonly collation: string | undefined,
  ) {}

  /** Text that is compared, sorted or unique. MySQL's indexes hold 3072 bytes, 4 for each character. */
  key(name: string, length: number): Knex.ColumnBuilder {
    return this.text(name, length);
  }

  /** Any text up to `length` characters. */
  text(name: string, length: number): Knex.ColumnBuilder {
    return this.collation === undefined
      ? this.table.string(name, length)
      : this.table.specificType(name, `varchar(${length}) character set utf8mb4 collate ${this.collation}`);
  }

  /** Text up to 16 MiB, never searched. MySQL allows it no default. */
  longText(name: string): Knex.ColumnBuilder {
    return this.collation === undefined
      ? this.table.text(name)
      : this.table.specificType(name, `mediumtext character set utf8mb4 collate ${this.collation}`);
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

/**
 * The collation that compares text as bytes do, trailing spaces included (`utf8mb4_bin` leaves them out). MySQL (from
 * 8.0.17) and MariaDB have different names for it; `version` is what the server's VERSION() says.
 */
export function bytewiseCollation(version: string): string {
  return /mariadb/i.test(version) ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
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
    await knex.schema.createTable(name, (table) => build(new Columns(table, undefined), table));
    return;
  }
  if (await knex.schema.hasTable(name)) return;
  const collation = await serverCollation(knex);
  const unfinished = `${name}_unfinished`;
  await knex.schema.dropTableIfExists(unfinished);
  await knex.schema.createTable(unfinished, (table) => {
    table.engine('InnoDB');
    table.charset('utf8mb4');
    table.collate(collation);
    build(new Columns(table, collation), table);
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
  const collation = isMysql(knex) ? await serverCollation(knex) : undefined;
  await knex.schema.alterTable(table, (builder) => build(new Columns(builder, collation)));
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

function isMysql(knex: Knex): boolean {
  return String(knex.client.config.client) === 'mysql2';
}

async function serverCollation(knex: Knex): Promise<string> {
  const [rows] = (await knex.raw('SELECT VERSION() AS version')) as [{ version: string }[]];
  return bytewiseCollation(rows[0]?.version ?? '');
}
