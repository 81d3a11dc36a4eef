import { readCpuLimit, readMachine } from '../../../standalone/src/machine';

/** Reads from an object of files. */
const filesOf =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string | undefined =>
    files[path];

describe('readCpuLimit', () => {
  it('reads the limit of a container with control groups of version 2', () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '250000 100000\n' };
    expect(readCpuLimit(filesOf(files))).toBe(2.5);
  });

  it('returns the lowest limit of a group and the groups above it', () => {
    const files = {
      '/proc/self/cgroup': '0::/system.slice/layover.service\n',
      '/sys/fs/cgroup/system.slice/layover.service/cpu.max': '800000 100000\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '400000 100000\n',
    };
    expect(readCpuLimit(filesOf(files))).toBe(4);
  });

  it('reads the limit of control groups of version 1', () => {
    const files = {
      '/proc/self/cgroup': '7:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '300000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    };
    expect(readCpuLimit(filesOf(files))).toBe(3);
  });

  it.each([
    ['version 2', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }],
    [
      'version 1',
      {
        '/proc/self/cgroup': '4:cpu:/\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
    ],
    ['a kernel without control groups', {}],
  ])('returns undefined without a limit: %s', (_, files: Readonly<Record<string, string>>) => {
    expect(readCpuLimit(filesOf(files))).toBeUndefined();
  });
});

test('readMachine returns at least one core and the memory of this machine', () => {
  const { cores, memoryBytes } = readMachine();
  expect(cores).toBeGreaterThanOrEqual(1);
  expect(memoryBytes).toBeGreaterThan(0);
});
