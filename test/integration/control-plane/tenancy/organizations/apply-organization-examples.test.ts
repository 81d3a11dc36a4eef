import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../../../common/runtime/package-root';
import {
  ADMIN_TOKEN,
  startControlPlane,
  type TestControlPlane,
} from '../../../../support/control-plane/start-control-plane';
import { describeWith } from '../../../../support/real/programs';
import { runProgram } from '../../../../support/real/run-program';

const EXAMPLES = join(packageRoot(), 'examples');
const FILE = join(EXAMPLES, 'organizations.json');

interface Input {
  readonly name: string;
  readonly description: string;
  readonly visibility?: string;
  readonly quota?: { readonly limitBytes: string };
}
const organizations = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Input[];

/** The interpreter of each example. Both examples must behave in the same way. */
const PROGRAMS = {
  'manage-organizations.mjs': [process.execPath],
  'manage-organizations.sh': ['sh'],
} as const;

describeWith(['curl', 'sh', 'sed'], 'the examples', () => {
  describe.each(Object.entries(PROGRAMS))('%s', (script, [interpreter]) => {
    let plane: TestControlPlane;
    let folder: string;
    beforeAll(async () => {
      plane = await startControlPlane();
      folder = mkdtempSync(join(tmpdir(), 'layover-examples-'));
    });
    afterAll(async () => {
      await plane.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    const run = async (file = FILE, env: Record<string, string> = { LAYOVER_TOKEN: ADMIN_TOKEN }) => {
      const { code, stdout, stderr } = await runProgram(interpreter, [join(EXAMPLES, script), file], {
        env: { PATH: process.env['PATH'] ?? '', LAYOVER_URL: plane.url, LAYOVER_HOME: folder, ...env },
      });
      return { code, lines: stdout.toString().trimEnd().split('\n'), errors: stderr.toString() };
    };
    const events = async (): Promise<number> => {
      const { auditEvents } = await plane.ask<{ auditEvents: { edges: unknown[] } }>(
        '{ auditEvents(first: 200) { edges { node { id } } } }',
      );
      return auditEvents.edges.length;
    };
    const edited = (change: (text: string) => string): string => {
      const file = join(folder, 'edited.json');
      writeFileSync(file, change(readFileSync(FILE, 'utf8')));
      return file;
    };

    test('creates twenty organizations from the file, and changes nothing the second time', async () => {
      const first = await run();
      expect([first.code, first.errors]).toEqual([0, '']);
      expect(first.lines.at(-1)).toBe('20 organizations: 20 created, 0 changed, 0 unchanged, 0 failed');
      expect(await events()).toBe(20);
      const { organizations: list } = await plane.ask<{
        organizations: { edges: { node: Input & { version: number } }[] };
      }>('{ organizations { edges { node { name description visibility version quota { limitBytes } } } } }');
      const read = new Map(list.edges.map(({ node }) => [node.name, node]));
      for (const { name, description, visibility, quota } of organizations)
        expect(read.get(name)).toEqual({
          name,
          description,
          visibility: visibility ?? 'PUBLIC',
          version: 1,
          quota: quota === undefined ? null : { limitBytes: quota.limitBytes },
        });

      const second = await run();
      expect([second.code, second.errors]).toEqual([0, '']);
      expect(second.lines).toHaveLength(21);
      expect(second.lines.slice(0, -1).every((line) => line.endsWith(' unchanged'))).toBe(true);
      expect(second.lines.at(-1)).toBe('20 organizations: 0 created, 0 changed, 20 unchanged, 0 failed');
      expect(await events()).toBe(20);
    });

    test('changes only what differs in the file', async () => {
      const result = await run(edited((text) => text.replace('CoreOS on Quay', 'CoreOS: \\"etcd\\" \\\\ and more')));
      expect(result.code).toBe(0);
      expect(result.lines.filter((line) => !line.endsWith(' unchanged'))).toEqual([
        'coreos           changed, version 1 to 2',
        '20 organizations: 0 created, 1 changed, 19 unchanged, 0 failed',
      ]);
    });

    test('continues after a rejected organization, prints the reason and exits with 1', async () => {
      const result = await run(edited((text) => text.replace('"quay.io/prometheus"', '"not a host"')));
      expect(result.code).toBe(1);
      expect(result.errors).toContain('prometheus');
      expect(result.errors).toContain('BAD_USER_INPUT');
      expect(result.lines.at(-1)).toContain('1 failed');
    });

    test('reads the token from the home and reports missing files', async () => {
      const without = await run(FILE, {});
      expect([without.code, without.lines]).toEqual([2, ['']]);
      expect(without.errors).toContain('admin-token');
      writeFileSync(join(folder, 'admin-token'), `${ADMIN_TOKEN}\n`);
      expect((await run(FILE, {})).code).toBe(0);
      const noFile = await run(join(folder, 'nowhere.json'));
      expect(noFile.code).toBe(2);
      expect(noFile.errors).toContain('nowhere.json');
    });

    test('fails without changes if the control plane is unreachable', async () => {
      const result = await run(FILE, { LAYOVER_TOKEN: ADMIN_TOKEN, LAYOVER_URL: 'http://127.0.0.1:1' });
      expect(result.code).toBe(1);
      expect(result.lines.at(-1)).toBe('20 organizations: 0 created, 0 changed, 0 unchanged, 20 failed');
    });
  });

  test('the shell example rejects a file that it cannot split before it sends anything', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'layover-examples-'));
    try {
      const file = join(folder, 'pretty.json');
      writeFileSync(file, JSON.stringify(organizations, null, 2));
      const { code, stderr } = await runProgram('sh', [join(EXAMPLES, 'manage-organizations.sh'), file], {
        env: { PATH: process.env['PATH'] ?? '', LAYOVER_TOKEN: 'x', LAYOVER_URL: 'http://127.0.0.1:1' },
      });
      expect(code).toBe(2);
      expect(stderr.toString()).toContain('one organization on each line');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
