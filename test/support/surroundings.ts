import { cpus } from 'node:os';
import { readBuildInfo } from '../../common/runtime/build-info';

/** When and on what a run was made. */
export interface Surroundings {
  /** Now, at the end of the run, in ISO 8601. */
  readonly at: string;
  /** Number of processors and their model. */
  readonly machine: string;
  /** Version of Node.js. */
  readonly node: string;
  /** Version and commit of Layover. */
  readonly layover: string;
}

/** Describes this machine and this build. */
export function surroundings(): Surroundings {
  const { version, commit } = readBuildInfo();
  return {
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    node: process.versions.node,
    layover: `${version} at commit ${commit.slice(0, 12)}`,
  };
}
