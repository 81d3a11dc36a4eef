/** One project: every suite is a `*.test.ts` below test/; suites that need a real program name it (see test/support/programs.ts). */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.[mc]?[jt]s$': '@swc/jest' },
  // ESM-only packages: Node requires them natively, jest needs them transformed.
  transformIgnorePatterns: ['/node_modules/(?!(jose|uuid)/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  testTimeout: 20000,
  reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
};
