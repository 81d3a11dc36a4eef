import { resolve } from 'node:path';

/** The database that LAYOVER_DATABASE_URL names. */
export type DatabaseAddress =
  | { readonly dialect: 'sqlite'; readonly file: string }
  | {
      readonly dialect: 'mysql';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
    };

/**
 * Parses `sqlite:<file>` (relative to the working directory) or
 * `mysql://user:password@host:port/db`. Returns undefined for any other text.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress | undefined {
  if (text.startsWith('sqlite:')) {
    const file = text.slice('sqlite:'.length);
    return file === '' ? undefined : { dialect: 'sqlite', file: resolve(file) };
  }
  let url: URL;
  try {
    url = new URL(text);
    const database = decodeURIComponent(url.pathname.slice(1));
    if (url.protocol !== 'mysql:' || url.hostname === '' || database === '' || database.includes('/')) return undefined;
    return {
      dialect: 'mysql',
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? 3306 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database,
    };
  } catch {
    return undefined;
  }
}

/** Returns the URL of a database without user and password. */
export function describeDatabase(address: DatabaseAddress): string {
  return address.dialect === 'sqlite'
    ? `sqlite:${address.file}`
    : `mysql://${address.host}:${address.port}/${address.database}`;
}
