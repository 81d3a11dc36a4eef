import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnServers } from '../../support/mysql-server/describe-on-servers';

const ROOT = join(__dirname, '../../..');

interface Project {
  readonly displayName: string;
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
});
