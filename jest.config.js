const { accessSync } = require('node:fs');
const { join } = require('node:path');

const shared = {
  testEnvironment: 'node',
  // Not in the temporary folder: what is left there after a run is a failure (bin/test.mjs).
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  transform: { '^.+\\.[mc]?[jt]s$': '@swc/jest' },
  // ESM-only packages: Node requires them natively, jest needs them transformed; and one that imports node:http when it is first used, which jest's own loader can't.
  transformIgnorePatterns: ['/node_modules/(?!(jose|uuid|p-limit|yocto-queue|@opentelemetry/otlp-exporter-base)/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};

/** Suites of the control plane that touch no database. */
const WITHOUT_DATABASE = ['config', 'schema', 'audit-send-pieces'];

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
const hasMariadb = ['mariadbd', 'mariadb-install-db'].every((name) => folders.some((folder) => isThere(folder, name)));

function isThere(folder, name) {
  try {
    accessSync(join(folder, name));
    return true;
  } catch {
    return false;
  }
}

/**
 * Every suite is a `*.test.ts` below test/; suites that need a real program name it (see test/support/real/programs.ts).
 * Those of the control plane, and the random histories of test/integration/bounds, run twice: on SQLite, and, where MariaDB is on the machine, on a server that is started for
 * the run (test/support/mariadb). `npx jest --selectProjects sqlite` leaves the second away.
 */
module.exports = {
  reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
  // For all projects: Jest takes it from here alone.
  testTimeout: 20000,
  // All cores: much of the time is waiting for other processes.
  maxWorkers: '100%',
  projects: [
    { ...shared, displayName: 'sqlite', testMatch: ['<rootDir>/test/**/*.test.ts'] },
    ...(hasMariadb
      ? [
          {
            ...shared,
            displayName: 'mariadb',
            testMatch: [
              '<rootDir>/test/{unit,integration}/control-plane/**/*.test.ts',
              '<rootDir>/test/integration/bounds/**/*.test.ts',
            ],
            testPathIgnorePatterns: [
              '/node_modules/',
              `/unit/control-plane/(${WITHOUT_DATABASE.join('|')})\\.test\\.ts$`,
              '/control-plane/(db|mysql)/',
            ],
            setupFiles: ['<rootDir>/test/support/mariadb/use-shared-server.ts'],
            globalSetup: '<rootDir>/test/support/mariadb/global-setup.ts',
            globalTeardown: '<rootDir>/test/support/mariadb/global-teardown.ts',
          },
        ]
      : []),
  ],
};
