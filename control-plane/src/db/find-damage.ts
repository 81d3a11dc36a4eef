import { knex } from 'knex';
import type { Logger } from '../../../common/runtime/logger';
import { isDamage } from './database-error';
import { sqliteReader } from './sqlite-config';

/**
 * Checks a SQLite file. Returns what is wrong with it, or undefined if nothing is. Reads the whole
 * file and changes nothing. Throws the error of the driver if the file cannot be read.
 */
export async function findDamage(file: string, log: Logger): Promise<string | undefined> {
  const reader = knex(sqliteReader(file, log));
  try {
    const [row] = await reader.raw<readonly { readonly integrity_check: string }[]>('PRAGMA integrity_check(1)');
    return row?.integrity_check === 'ok' ? undefined : (row?.integrity_check ?? 'no answer');
  } catch (error) {
    if (!isDamage(error)) throw error;
    return (error as Error).message;
  } finally {
    await reader.destroy();
  }
}
