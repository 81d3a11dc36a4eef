import { SHARED_SERVER } from './running-server';

// Before each suite of the project `mariadb`: control planes of tests use the server that global-setup started.
process.env['LAYOVER_TEST_MYSQL'] = process.env[SHARED_SERVER] ?? '';
