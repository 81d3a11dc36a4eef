import { setTimeout as pause } from 'node:timers/promises';
import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import type { Comparing } from '../comparison/comparison';
import { sideBySideFresh } from '../comparison/side-by-side';
import { residentBytes } from '../load/resident-bytes';
import { runLoad } from '../load/run-load';
import type { Peer } from '../peers/peer';
import { MIB, pullBlobImage, pushBlobImage } from './blob-image';

const ROUNDS = 3;
const REPOSITORY = 'bench/resident';
/** How long a program has no requests before its idle memory is read. */
const IDLE_MS = 10_000;
const LOAD_SECONDS = 10;
const CONNECTIONS = 16;
const BLOB_READS_AT_A_TIME = 4;
const LOOK_MS = 200;

/**
 * Measures the resident memory of all processes of a program, shared pages counted in each of them:
 * after ten idle seconds, and the most of ten seconds with 16 connections that request manifests by
 * digest beside four that read a blob.
 */
export const residentMemory: Comparing = async (context) => {
  const { upstream, quick } = context;
  const image = await pushBlobImage(upstream, REPOSITORY, 'v1', 16 * MIB);
  const results = await sideBySideFresh(
    context,
    { layover: [context.layover], upstream: upstream.url },
    {
      label: 'resident memory',
      count: quick ? 1 : ROUNDS,
      async measure(peer) {
        await pause(quick ? 500 : IDLE_MS);
        const idle = memoryOf(peer);
        await pullBlobImage(peer, image, { verify: true });
        const path = peer.path(REPOSITORY);
        const seconds = quick ? 1 : LOAD_SECONDS;
        const headers = { Accept: MANIFEST_ACCEPT.join(', ') };
        const loop = { host: peer.host, path: `${path}/manifests/${image.digest}`, headers };
        const requests = runLoad('closedLoop', { ...loop, connections: CONNECTIONS, seconds });
        const reads = runLoad('closedLoop', {
          host: peer.host,
          path: `${path}/blobs/${image.blob.digest}`,
          headers: {},
          connections: BLOB_READS_AT_A_TIME,
          seconds,
        });
        const loads = Promise.all([requests, reads]);
        return { idle, loaded: await mostMemory(peer, loads) };
      },
    },
  );
  const row = { unit: 'MB', better: 'lower' } as const;
  return [
    results.compare({ id: 'idle-memory', title: 'resident memory, idle', ...row }, 'idle'),
    results.compare({ id: 'loaded-memory', title: 'resident memory, most under load', ...row }, 'loaded'),
  ];
};

/** Returns the megabytes of all processes of a program. */
function memoryOf(peer: Peer): number {
  return peer.processes().reduce((sum, { pid }) => sum + residentBytes(pid), 0) / 1e6;
}

async function mostMemory(peer: Peer, load: Promise<unknown>): Promise<number> {
  let isRunning = true;
  let most = 0;
  const ended = load.finally(() => (isRunning = false));
  // Reported below; until then a failure has no other handler.
  ended.catch(() => undefined);
  while (isRunning) {
    most = Math.max(most, memoryOf(peer));
    await pause(LOOK_MS);
  }
  await ended;
  return most;
}
