import type { MariadbServer } from './mariadb-server';

/** The migrated database that those of the suites are copies of. */
export const TEMPLATE = 'layover_template';

/** The variable that tells workers the URL of the server; suites on SQLite see it too and don't look. */
export const SHARED_SERVER = 'LAYOVER_TEST_MARIADB_SHARED';

/** Hands the server of the run from its global setup to its global teardown; both run in jest's first process. */
export const runningServer: { current: MariadbServer | undefined } = { current: undefined };
