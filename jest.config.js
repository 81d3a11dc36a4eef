const { accessSync } = require('node:fs');
const { join } = require('node:path');

const shared = {
  testEnvironment: 'node',
  // Not in the temporary folder: a run fails if it leaves files there (bin/test.mjs).
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  transform: { '^.+\\.[mc]?[jt]s$': '@swc/jest' },
  // ESM-only packages. Node.js can require them, but Jest needs them transformed. The last package
  // imports node:http at its first use, which the loader of Jest does not support.
  transformIgnorePatterns: ['/node_modules/(?!(jose|uuid|p-limit|yocto-queue|@opentelemetry/otlp-exporter-base)/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
function isInstalled(folder, name) {
  try {
    accessSync(join(folder, name));
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the project that runs suites on a database server, or no project if a program is missing.
 * See test/support/mysql-server/flavour.ts.
 */
function onServer(project, programs) {
  if (!programs.every((name) => folders.some((folder) => isInstalled(folder, name)))) return [];
  return [
    {
      ...shared,
      displayName: project,
      testMatch: ['<rootDir>/test/integration/control-plane/**/*.test.ts'],
      globals: { SHARED_SERVER: `LAYOVER_TEST_${project.toUpperCase()}_SHARED` },
      setupFiles: ['<rootDir>/test/support/mysql-server/use-shared-server.ts'],
      globalSetup: `<rootDir>/test/support/mysql-server/global-setup-${project}.ts`,
      globalTeardown: '<rootDir>/test/support/mysql-server/global-teardown.ts',
    },
  ];
}

/**
 * Every suite is a `*.test.ts` below test/. Its folder decides which tier it belongs to and where it
 * runs:
 * - test/unit: no planes, sockets, processes or waits; test/support/jest/unit-environment.js
 *   enforces that.
 * - test/integration: planes, servers and processes that the suite starts, on SQLite. Suites in
 *   test/integration/control-plane also run on each database server that the machine has (MariaDB
 *   and MySQL 8, started for the run), so every control-plane suite with a database belongs there.
 * - test/e2e: the built product with real clients and registries.
 * - test/security: attacks on the whole product over its public ports
 *   (docs/security/threat-model.md), with planes in the process of the test.
 * - test/chaos: a fixed sample of the cases of `npm run chaos`: faults between the parts of the
 *   built product (docs/reliability.md).
 *
 * `npx jest --selectProjects unit` runs one tier. Suites that need a real program name it
 * (test/support/real/programs.ts).
 */
module.exports = {
  reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
  // Applies to all projects: Jest reads it only here.
  testTimeout: 20000,
  // All cores, because workers often wait for other processes.
  maxWorkers: '100%',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/unit/**/*.test.ts'],
      testEnvironment: '<rootDir>/test/support/jest/unit-environment.js',
    },
    { ...shared, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.test.ts'] },
    { ...shared, displayName: 'security', testMatch: ['<rootDir>/test/security/**/*.test.ts'] },
    { ...shared, displayName: 'chaos', testMatch: ['<rootDir>/test/chaos/**/*.test.ts'] },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
    ...onServer('mariadb', ['mariadbd', 'mariadb-install-db']),
    ...onServer('mysql8', ['mysqld8']),
  ],
};
