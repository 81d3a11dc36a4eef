import { setTimeout as pause } from 'node:timers/promises';
import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import type { Comparing } from '../comparison/comparison';
import { sideBySideFresh } from '../comparison/side-by-side';
import { memoryOf, type ProcessMemory } from '../load/process-memory';
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
 * Measures the memory of all processes of a program: after ten idle seconds, and the most of ten
 * seconds with 16 connections that request manifests by digest beside four that read a blob. A file
 * that several processes map is counted once. A second row has the sum of the resident memory
 * (RSS), which counts it in each of them.
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
        const idle = memoryOfPeer(peer);
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
        const loaded = await mostMemory(peer, loads);
        return {
          idle: idle.occupied / 1e6,
          idleResident: idle.resident / 1e6,
          loaded: loaded.occupied / 1e6,
          loadedResident: loaded.resident / 1e6,
        };
      },
    },
  );
  const row = { unit: 'MB', better: 'lower' } as const;
  const idle = 'memory, idle';
  const loaded = 'memory, most under load';
  const sum = '(sum of the resident memory of its processes)';
  return [
    results.compare({ id: 'idle-memory', title: idle, ...row }, 'idle'),
    results.compare({ id: 'idle-memory-resident', title: `${idle} ${sum}`, ...row }, 'idleResident'),
    results.compare({ id: 'loaded-memory', title: loaded, ...row }, 'loaded'),
    results.compare({ id: 'loaded-memory-resident', title: `${loaded} ${sum}`, ...row }, 'loadedResident'),
  ];
};

function memoryOfPeer(peer: Peer): ProcessMemory {
  return memoryOf(peer.processes().map(({ pid }) => pid));
}

async function mostMemory(peer: Peer, load: Promise<unknown>): Promise<ProcessMemory> {
  let isRunning = true;
  let most: ProcessMemory = { occupied: 0, resident: 0 };
  const ended = load.finally(() => (isRunning = false));
  // Reported below; until then a failure has no other handler.
  ended.catch(() => undefined);
  while (isRunning) {
    const now = memoryOfPeer(peer);
    most = {
      occupied: Math.max(most.occupied, now.occupied),
      resident: Math.max(most.resident, now.resident),
    };
    await pause(LOOK_MS);
  }
  await ended;
  return most;
}
