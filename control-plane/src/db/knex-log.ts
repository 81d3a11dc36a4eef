import type { Knex } from 'knex';
import type { Logger } from '../../../common/runtime/logger';

/** Returns a logger for knex that writes to the log of the plane. */
export function knexLog(log: Logger): Knex.Logger {
  return {
    warn: (message: unknown) => {
      const text = String(message);
      // knex logs this for every caller while the database is down. Each caller gets the error too
      // and logs it.
      if (text.startsWith('Acquire connection error')) log.debug({ knex: text }, 'Knex reported a message');
      else log.warn({ knex: text }, 'Knex reported a message');
    },
    error: (message: unknown) => log.error({ knex: String(message) }, 'Knex reported a message'),
    deprecate: (method: unknown, alternative: unknown) =>
      log.debug({ knex: `${String(method)} -> ${String(alternative)}` }, 'Knex reported a message'),
    debug: () => undefined,
  };
}
