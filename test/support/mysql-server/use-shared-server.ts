/** Name of the variable that has the URL of the server, from `globals` of the project in jest.config.js. */
declare const SHARED_SERVER: string;

// Before each suite of a project with a server: control planes of tests use the server that global setup started. Without
// it they would run on SQLite once more, and nobody would notice.
const url = process.env[SHARED_SERVER];
if (!url) throw new Error(`${SHARED_SERVER} is not set: the global setup of this project has not started a server`);
process.env['LAYOVER_TEST_MYSQL'] = url;
