import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { posix } from 'node:path';

/** What the number of processes is chosen by. */
export interface Machine {
  /** Cores that this process may use, at least 1. */
  readonly cores: number;
  /** Memory that this process may use, in bytes. */
  readonly memoryBytes: number;
}

/** Reads a file; undefined if it cannot be read. */
export type ReadText = (path: string) => string | undefined;

const CGROUPS = '/sys/fs/cgroup';

/** Returns the cores and the memory of this machine, within the limits of its container. */
export function readMachine(): Machine {
  const limit = readCpuLimit(readText) ?? Number.POSITIVE_INFINITY;
  // 0 or a number beyond all memory if there is no limit.
  const constrained = process.constrainedMemory();
  return {
    cores: Math.max(1, Math.floor(Math.min(availableParallelism(), limit))),
    memoryBytes: constrained > 0 ? Math.min(totalmem(), constrained) : totalmem(),
  };
}

/**
 * Returns the limit on processor time in cores, for example 2.5; undefined if there is none. Node
 * 20 and 22 count the cores of the host in a container, so the limit is read from the control
 * groups: `cpu.max` of version 2, `cpu.cfs_quota_us` of version 1 (docs.kernel.org,
 * admin-guide/cgroup-v2 and scheduler/sched-bwc). The lowest limit of the group and the groups
 * above it counts. In a container, its own group is the root.
 */
export function readCpuLimit(read: ReadText): number | undefined {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const limits = groups.flatMap((match) => {
    const [, controllers = '', path = ''] = match ?? [];
    if (match === null) return [];
    if (controllers === '') return foldersAbove(path).map((folder) => quotaV2(read, `${CGROUPS}${folder}`));
    if (!controllers.split(',').includes('cpu')) return [];
    return foldersAbove(path).map((folder) => quotaV1(read, `${CGROUPS}/${controllers}${folder}`));
  });
  const found = limits.filter((limit) => limit !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** Returns `/a/b`, `/a` and an empty text for `/a/b`. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = posix.normalize(path); folder !== '/'; folder = posix.dirname(folder)) folders.push(folder);
  return [...folders, ''];
}

function quotaV2(read: ReadText, folder: string): number | undefined {
  const match = /^(\d+) (\d+)/.exec(read(`${folder}/cpu.max`) ?? '');
  return match === null ? undefined : quotient(Number(match[1]), Number(match[2]));
}

function quotaV1(read: ReadText, folder: string): number | undefined {
  return quotient(Number(read(`${folder}/cpu.cfs_quota_us`)), Number(read(`${folder}/cpu.cfs_period_us`)));
}

/** Returns undefined if one of the numbers is missing or says that there is no limit (-1). */
function quotient(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
