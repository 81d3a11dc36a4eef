import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnServers } from '../../support/mysql-server/describe-on-servers';

const ROOT = join(__dirname, '../../..');

interface Project {
  readonly displayName: string;
  readonly setupFiles?: readonly string[];
  readonly globalSetup?: string;
}

/**
 * Returns the projects of jest.config.js on this machine. A separate process loads the file,
 * because Jest would give it its own modules.
 */
function projects(): readonly Project[] {
  const config = { exports: {} as { projects?: readonly Project[] } };
  new Function('module', 'require', readFileSync(join(ROOT, 'jest.config.js'), 'utf8'))(config, require);
  return config.exports.projects ?? [];
}

// jest.config.js has no project for a missing server. This suite makes that visible in the list of
// skipped suites.
describeOnServers('the suites of the control plane', ({ project }) => {
  const found = projects().find(({ displayName }) => displayName === project);

  test('are in a project of jest.config.js and use the server of the run', () => {
    expect(found?.globalSetup).toBe(`<rootDir>/test/support/mysql-server/global-setup-${project}.ts`);
    expect(found?.setupFiles).toEqual(['<rootDir>/test/support/mysql-server/use-shared-server.ts']);
  });
});
