import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one test below the system's temporary folder. */
export interface TemporaryFolder {
  readonly path: string;
  /** Deletes the folder with its contents. Can be called twice. */
  remove(): Promise<void>;
}

/** Creates a folder whose name begins with `layover-<purpose>-`. */
export async function temporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `layover-${purpose}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) };
}
