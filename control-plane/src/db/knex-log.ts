import type { Knex } from 'knex';
import type { Logger } from '../../../common/runtime/logger';

/** What knex says, in the log of the plane. */
export function knexLog(log: Logger): Knex.Logger {
  return {
    warn: (message: unknown) => {
      const text = String(message);
      // Said for every caller while the database is away; each of them is told, and whoever logs failures does.
      if (text.startsWith('Acquire connection error')) log.debug({ knex: text }, 'knex');
      else log.warn({ knex: text }, 'knex');
    },
    error: (message: unknown) => log.error({ knex: String(message) }, 'knex'),
    deprecate: (method: unknown, alternative: unknown) =>
      log.debug({ knex: `${String(method)} -> ${String(alternative)}` }, 'knex'),
    debug: () => undefined,
  };
}
