import { SHARED_SERVER } from './running-server';

// Before each suite of the project `mariadb`: control planes of tests use the server that global-setup started. Without it
// they would run on SQLite a second time, and nobody would notice.
const url = process.env[SHARED_SERVER];
if (!url) throw new Error(`${SHARED_SERVER} is not set: test/support/mariadb/global-setup.ts has not started a server`);
process.env['LAYOVER_TEST_MYSQL'] = url;
