import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';

const TEST = join(packageRoot(), 'test');

/** Folders whose suites use a database that they choose themselves, or SQLite alone. */
const OWN_DATABASE = ['integration/mysql/', 'integration/bench/'];

interface Project {
  readonly displayName: string;
  readonly testMatch: readonly string[];
  readonly testEnvironment: string;
  readonly testPathIgnorePatterns?: readonly string[];
}

/**
 * Reads jest.config.js as configured on this machine. Evaluates the source, because jest would load
 * a required file with its own modules.
 */
function projects(): readonly Project[] {
  const config = { exports: {} as { projects?: readonly Project[] } };
  const source = readFileSync(join(packageRoot(), 'jest.config.js'), 'utf8');
  new Function('module', 'require', source)(config, require);
  return config.exports.projects ?? [];
}

/** Paths of all suites, relative to test/. */
function suites(): readonly string[] {
  return readdirSync(TEST, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
}

test('every suite belongs to a tier', () => {
  expect(suites().filter((name) => !/^(unit|integration|security|chaos|e2e)\//.test(name))).toEqual([]);
  expect(projects().map(({ displayName }) => displayName)).toEqual(
    expect.arrayContaining(['unit', 'integration', 'security', 'chaos', 'e2e']),
  );
});

test('the unit tier runs in the environment that forbids servers, processes and waits', () => {
  const unit = projects().find(({ displayName }) => displayName === 'unit');
  expect(unit?.testEnvironment).toBe('<rootDir>/test/support/jest/unit-environment.js');
});

test('every project of a database server runs all suites in test/integration/control-plane', () => {
  const tiers = ['unit', 'integration', 'security', 'chaos', 'e2e'];
  for (const project of projects().filter(({ displayName }) => !tiers.includes(displayName))) {
    expect(project.testMatch).toEqual(['<rootDir>/test/integration/control-plane/**/*.test.ts']);
    expect(project.testPathIgnorePatterns).toBeUndefined();
  }
});

test('every suite of the control plane that uses a test database lives in test/integration/control-plane', () => {
  const withDatabase = suites().filter((name) =>
    /\b(startControlPlane|createTestDatabase|CacheWorld\.start|ScanWorld\.start)\(/.test(
      readFileSync(join(TEST, name), 'utf8'),
    ),
  );
  expect(withDatabase.length).toBeGreaterThan(40);
  const elsewhere = withDatabase.filter((name) => !name.startsWith('integration/control-plane/'));
  expect(elsewhere.filter((name) => !OWN_DATABASE.some((folder) => name.startsWith(folder)))).toEqual([]);
});
