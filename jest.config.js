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
function isThere(folder, name) {
  try {
    accessSync(join(folder, name));
    return true;
  } catch {
    return false;
  }
}

/** Where the programs are, the project of the suites that run on a server; see test/support/mysql-server/flavour.ts. */
function onServer(project, programs) {
  if (!programs.every((name) => folders.some((folder) => isThere(folder, name)))) return [];
  return [
    {
      ...shared,
      displayName: project,
      testMatch: [
        '<rootDir>/test/{unit,integration}/control-plane/**/*.test.ts',
        '<rootDir>/test/integration/bounds/**/*.test.ts',
      ],
      testPathIgnorePatterns: [
        '/node_modules/',
        `/unit/control-plane/(${WITHOUT_DATABASE.join('|')})\\.test\\.ts$`,
        '/control-plane/(db|mysql)/',
      ],
      globals: { SHARED_SERVER: `LAYOVER_TEST_${project.toUpperCase()}_SHARED` },
      setupFiles: ['<rootDir>/test/support/mysql-server/use-shared-server.ts'],
      globalSetup: `<rootDir>/test/support/mysql-server/global-setup-${project}.ts`,
      globalTeardown: '<rootDir>/test/support/mysql-server/global-teardown.ts',
    },
  ];
}

/**
 * Every suite is a `*.test.ts` below test/; suites that need a real program name it (see test/support/real/programs.ts).
 * Suites of the control plane, and the random histories of test/integration/bounds, run on SQLite and again on each
 * database server that the machine has: MariaDB and MySQL 8, started for the run (test/support/mysql-server). `npx jest
 * --selectProjects sqlite` leaves the servers out.
 */
module.exports = {
  reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
  // For all projects: Jest takes it from here alone.
  testTimeout: 20000,
  // All cores: much of the time is waiting for other processes.
  maxWorkers: '100%',
  projects: [
    { ...shared, displayName: 'sqlite', testMatch: ['<rootDir>/test/**/*.test.ts'] },
    ...onServer('mariadb', ['mariadbd', 'mariadb-install-db']),
    ...onServer('mysql8', ['mysqld8']),
  ],
};
