import type { Knex } from 'knex';
import { Table } from '../tables';
import { isMysql, LONG_TEXT_TYPE, textType } from './columns';

interface TextColumn {
  readonly name: string;
  /** In characters. */
  readonly length: number | string;
  readonly type: string;
  readonly nullable: string;
}

/**
 * Converts text columns that an earlier version created with a server collation
 * (`utf8mb4_0900_bin`, `utf8mb4_nopad_bin`) to bytes, as {@link Columns} creates them now. The
 * stored bytes do not change. Databases created by this version have no such columns. Each table is
 * converted with one statement, which MySQL applies completely or not at all, so an interrupted
 * migration continues with the remaining tables. SQLite compares bytewise anyway.
 */
export async function up(knex: Knex): Promise<void> {
  if (!isMysql(knex)) return;
  for (const table of Object.values(Table)) {
    const [[kept]] = (await knex.raw(
      `SELECT table_collation AS collation_name FROM information_schema.tables
       WHERE table_schema = DATABASE() AND table_name = ?`,
      [table],
    )) as [readonly { readonly collation_name: string }[]];
    if (kept === undefined || kept.collation_name === 'binary') continue;
    const [columns] = (await knex.raw(
      `SELECT column_name AS name, character_maximum_length AS length, data_type AS type, is_nullable AS nullable
       FROM information_schema.columns
       WHERE table_schema = DATABASE() AND table_name = ? AND character_set_name IS NOT NULL ORDER BY ordinal_position`,
      [table],
    )) as [readonly TextColumn[]];
    const changes = [...columns.map(asBytes), 'DEFAULT CHARACTER SET binary'];
    await knex.raw(`ALTER TABLE ${table} ${changes.join(', ')}`);
  }
}

/** Does nothing, because the text is the same in both column types. */
export function down(): Promise<void> {
  return Promise.resolve();
}

function asBytes({ name, length, type, nullable }: TextColumn): string {
  const bytes = type === 'varchar' ? textType(Number(length)) : LONG_TEXT_TYPE;
  return `MODIFY \`${name}\` ${bytes} ${nullable === 'YES' ? 'NULL' : 'NOT NULL'}`;
}
