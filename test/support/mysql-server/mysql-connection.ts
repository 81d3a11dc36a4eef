import type { Knex } from 'knex';
import { readText } from '../../../control-plane/src/db/read-text';

/** Returns the knex connection for a database URL. It reads text as Layover does (ADR 11). */
export function mysqlConnection(url: string): Knex.MySql2ConnectionConfig {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: username,
    password,
    database: pathname.slice(1),
    typeCast: readText,
  };
}
