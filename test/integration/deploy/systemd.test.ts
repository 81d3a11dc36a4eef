import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { describeWith } from '../../support/real/programs';
import { runProgram } from '../../support/real/run-program';
import { read } from '../../support/deployments';

const FILE = 'deploy/systemd/layover.service';
const unit = read(FILE);
const env = { PATH: process.env['PATH'] };

/** Returns the values of a directive in the order of the file. */
function directive(name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value!);
}

test('the service runs the compiled program and never installs or compiles', () => {
  expect(directive('ExecStart')).toEqual(['/usr/bin/node dist/standalone/src/main.js']);
  expect(unit.split('\n').filter((line) => line.startsWith('Exec'))).toHaveLength(1);
});

test('the service has a stop timeout longer than the drain and only signals the parent', () => {
  expect(directive('KillMode')).toEqual(['mixed']);
  // Three planes, each with 30 s to drain and 10 s to close.
  expect(Number(directive('TimeoutStopSec')[0])).toBeGreaterThan(3 * (30 + 10));
  expect(directive('RestartPreventExitStatus')).toEqual(['64 78']);
});

test('the service keeps its data in the state directory and cannot write elsewhere', () => {
  expect(directive('Environment')[0]).toContain('LAYOVER_HOME=/var/lib/layover');
  expect(directive('StateDirectory')).toEqual(['layover']);
  expect(directive('ProtectSystem')).toEqual(['strict']);
  expect(directive('User')).toEqual(['layover']);
  expect(read('deploy/systemd/layover.sysusers.conf')).toMatch(/^u layover - "Layover" \/var\/lib\/layover$/m);
});

describeWith(['systemd-analyze'], 'systemd-analyze', () => {
  let folder: string;
  let path: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'layover-unit-'));
    path = join(folder, 'layover.service');
    // Node may be installed elsewhere on this machine, and a missing program is an error of the
    // unit.
    writeFileSync(path, unit.replace('/usr/bin/node', process.execPath));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('systemd-analyze accepts the service', async () => {
    const { code, stderr } = await runProgram('systemd-analyze', ['verify', '--man=no', path], { env });
    expect([code, stderr]).toEqual([0, '']);
  });

  test('systemd-analyze rates the exposure of the service as low', async () => {
    const args = ['security', '--offline=yes', '--threshold=25', '--no-pager', path];
    const { code, stdout } = await runProgram('systemd-analyze', args, { env });
    expect([code, stdout.toString().trimEnd().split('\n').at(-1)]).toEqual([
      0,
      expect.stringContaining('Overall exposure level'),
    ]);
  });
});

describeWith(['systemd-sysusers'], 'systemd-sysusers', () => {
  test('systemd-sysusers creates the user of the service', async () => {
    const file = join(packageRoot(), 'deploy/systemd/layover.sysusers.conf');
    const { code, stdout, stderr } = await runProgram('systemd-sysusers', ['--dry-run', file], { env });
    expect([code, stderr + stdout.toString()]).toEqual([0, expect.stringMatching(/user 'layover'|^$/)]);
  });
});
