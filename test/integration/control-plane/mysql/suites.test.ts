import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnServers } from '../../../support/mysql-server/describe-on-servers';

const ROOT = join(__dirname, '../../../..');

interface Project {
  readonly displayName: string;
  readonly testPathIgnorePatterns?: readonly string[];
  readonly setupFiles?: readonly string[];
  readonly globalSetup?: string;
}

/** jest.config.js as this machine has it. Not required: jest would give it modules of its own. */
function projects(): readonly Project[] {
  const config = { exports: {} as { projects?: readonly Project[] } };
  new Function('module', 'require', readFileSync(join(ROOT, 'jest.config.js'), 'utf8'))(config, require);
  return config.exports.projects ?? [];
}

// Where a server is missing, jest.config.js has no project for it: this says so in the list of what was skipped.
describeOnServers('every suite of the control plane', ({ project }) => {
  const found = projects().find(({ displayName }) => displayName === project);

  test('is in a project of jest.config.js, and its suites use the server of the run', () => {
    expect(found?.globalSetup).toBe(`<rootDir>/test/support/mysql-server/global-setup-${project}.ts`);
    expect(found?.setupFiles).toEqual(['<rootDir>/test/support/mysql-server/use-shared-server.ts']);
  });

  test('leaves out only suites without a database, and those that choose it themselves', () => {
    const ignored = found!.testPathIgnorePatterns!.map((pattern) => new RegExp(pattern));
    const suites = ['unit', 'integration'].flatMap((kind) => {
      const folder = join(ROOT, 'test', kind, 'control-plane');
      return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.test.ts') && !/^(db|mysql)\//.test(name))
        .map((name) => join(folder, name));
    });
    const left = suites.filter((path) => ignored.some((pattern) => pattern.test(path)));
    expect(suites.length - left.length).toBeGreaterThan(20);
    const withDatabase = left.filter((path) =>
      /startControlPlane|createTestDatabase|Database\.open/.test(readFileSync(path, 'utf8')),
    );
    expect(withDatabase).toEqual([]);
  });
});
