import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root';

/** Build of Layover. `--version`, logs, GraphQL and metrics all report it. */
export interface BuildInfo {
  /** Version in package.json, for example `0.1.0`. */
  readonly version: string;
  /**
   * Git commit of the build: 40 hex digits, followed by `-dirty` if the build had local changes, or
   * `unknown`.
   */
  readonly commit: string;
}

/** Commit of a build outside a git checkout without LAYOVER_COMMIT. */
export const UNKNOWN_COMMIT = 'unknown';

const COMMIT = /^[0-9a-f]{40}(-dirty)?$/;

/**
 * Reads the version from package.json and the commit from `dist/build-info.json`, which the build
 * writes (bin/build-info.mjs). Never runs git. The commit is `unknown` if build-info.json is
 * missing or invalid. Throws an Error if `root` has no package.json.
 */
export function readBuildInfo(root = packageRoot()): BuildInfo {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  return { version, commit: readCommit(join(root, 'dist', 'build-info.json')) };
}

/** Formats a build for display: `0.1.0 (commit 1f0c…)`. */
export function formatBuildInfo({ version, commit }: BuildInfo): string {
  return `${version} (commit ${commit})`;
}

function readCommit(file: string): string {
  try {
    const { commit } = JSON.parse(readFileSync(file, 'utf8')) as { readonly commit?: unknown };
    return typeof commit === 'string' && COMMIT.test(commit) ? commit : UNKNOWN_COMMIT;
  } catch {
    return UNKNOWN_COMMIT;
  }
}
