import { join } from 'node:path';
import { FAKE_GCS_PROGRAM, startFakeGcsServer } from '../../../test/support/real/fake-gcs-server';
import { findProgram } from '../../../test/support/real/programs';
import { writeServiceAccount } from '../../../test/support/real/service-account';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';
import type { BenchContext } from '../measure';

/** A bucket on this machine, and the environment of data planes that keep their blobs in it. */
export interface BenchBucket {
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts fake-gcs-server, which keeps everything in memory; undefined, with a note, where it is not on this machine. */
export async function startBenchBucket({ note }: BenchContext): Promise<BenchBucket | undefined> {
  if (findProgram(FAKE_GCS_PROGRAM) === undefined) {
    note(`without ${FAKE_GCS_PROGRAM} on this machine there is nothing to say of buckets`);
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
