/**
 * Name of the variable with the URL of the server, from `globals` of the project in jest.config.js.
 */
declare const SHARED_SERVER: string;

// Runs before each suite of a project with a server: control planes in tests use the server that
// global setup started. Without the URL they would silently run on SQLite again.
const url = process.env[SHARED_SERVER];
if (!url) throw new Error(`${SHARED_SERVER} is not set: the global setup of this project did not start a server`);
process.env['LAYOVER_TEST_MYSQL'] = url;
