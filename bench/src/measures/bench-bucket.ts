import { join } from 'node:path';
import { FAKE_GCS_PROGRAM, startFakeGcsServer } from '../../../test/support/real/fake-gcs-server';
import { findProgram } from '../../../test/support/real/programs';
import { writeServiceAccount } from '../../../test/support/real/service-account';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';
import type { BenchContext } from '../measure';

/**
 * A bucket on this machine, and the environment variables of data planes that store blobs in it.
 */
export interface BenchBucket {
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Starts fake-gcs-server, which stores everything in memory. Returns undefined and prints a note if
 * it is not installed.
 */
export async function startBenchBucket({ note }: BenchContext): Promise<BenchBucket | undefined> {
  if (findProgram(FAKE_GCS_PROGRAM) === undefined) {
    note(`skipped: the bucket measures need ${FAKE_GCS_PROGRAM}`);
    return undefined;
  }
  const folder = await temporaryFolder('bucket');
  const server = await startFakeGcsServer();
  await server.makeBucket('bench');
  return {
    env: {
      LAYOVER_BLOB_STORE: 'gs://bench/blobs',
      STORAGE_EMULATOR_HOST: server.origin,
      GOOGLE_APPLICATION_CREDENTIALS: await writeServiceAccount(join(folder.path, 'account.json')),
    },
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}
