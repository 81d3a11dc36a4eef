import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';

/** Node options with which a child process runs the TypeScript sources without a build. */
export const RUN_TYPESCRIPT: readonly string[] = [
  '-r',
  join(packageRoot(), 'test', 'support', 'processes', 'typescript-hook.js'),
];
