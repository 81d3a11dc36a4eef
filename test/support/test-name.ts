import { basename } from 'node:path';

/**
 * Returns a short name of the running test file, for temporary folders: if one is left behind, its
 * name tells which test made it. Empty outside of Jest.
 */
export function testName(): string {
  if (typeof expect === 'undefined') return '';
  // Short, because the path of a unix socket is limited.
  return basename(expect.getState().testPath ?? '', '.test.ts').slice(0, 24);
}
