import { setTimeout as pause } from 'node:timers/promises';
import type { Comparing, Comparison } from '../comparison/comparison';
import { sideBySide } from '../comparison/side-by-side';
import { BARE_SERVER, startBareServer } from '../load/bare-server';
import { measureWork } from '../load/measure-work';
import { runLoad } from '../load/run-load';
import { layoverBetweenHosts } from '../peers/layover';
import { layoverBehindNginx } from '../peers/layover-nginx';
import type { Peer } from '../peers/peer';
import { GIB, MIB, pullBlobImage, pushBlobImage } from './blob-image';

const READS = 16;
const AT_A_TIME = 2;
const ROUNDS = 5;
const REPOSITORY = 'bench/warm';
/** Lets background work after an answer (records, completion) end before the measurement starts. */
const SETTLE_MS = 2000;

/**
 * Measures a cached blob: 16 reads of 128 MiB, 2 at a time. Layover runs in three ways: as `npm
 * start` runs it, with nginx in front of the edge if nginx is installed, and with edge and data
 * plane as on two hosts. CPU time is that of all serving processes.
 */
export const warmBlob: Comparing = async (context) => {
  const { upstream, quick } = context;
  const bytes = (quick ? 16 : 128) * MIB;
  const image = await pushBlobImage(upstream, REPOSITORY, 'v1', bytes);
  const nginx = layoverBehindNginx(context.note);
  const bare = await startBareServer();
  const read = async (host: string, path: string, pids: readonly number[]) => {
    let seconds = 0;
    const { cpu } = await measureWork(pids, async () => {
      ({ seconds } = await runLoad('blobReads', { host, path, reads: READS, atATime: AT_A_TIME, bytes }));
    });
    const total = READS * bytes;
    return {
      cpuPerGib: cpu / (total / GIB),
      gibPerSecond: total / GIB / seconds,
      cpuPerGb: cpu / (total / 1e9),
      gbPerSecond: total / 1e9 / seconds,
    };
  };
  try {
    const results = await sideBySide(
      context,
      {
        layover: [context.layover, layoverBetweenHosts, ...(nginx === undefined ? [] : [nginx])],
        upstream: upstream.url,
        async prepare(peer) {
          // The first pull fills the cache, the second one reads from the store.
          for (const _time of [1, 2]) await pullBlobImage(peer, image, { verify: true });
          await pause(quick ? 0 : SETTLE_MS);
        },
      },
      [
        {
          label: 'warm blob',
          count: quick ? 1 : ROUNDS,
          measure: (peer: Peer) =>
            read(
              peer.host,
              `${peer.path(REPOSITORY)}/blobs/${image.blob.digest}`,
              peer.processes().map(({ pid }) => pid),
            ),
          references: [{ name: BARE_SERVER, measure: () => read(bare.host, bare.blobPath(bytes), []) }],
        },
      ],
    );
    const bareServer = { references: [BARE_SERVER] };
    const rows: Comparison[] = [
      results.compare(
        { id: 'warm-blob-cpu', title: 'warm blob, CPU of all processes', unit: 'CPU-s/GiB', better: 'lower' },
        'cpuPerGib',
      ),
      results.compare(
        { id: 'warm-blob-rate', title: 'warm blob, rate', unit: 'GiB/s', better: 'higher' },
        'gibPerSecond',
        bareServer,
      ),
    ];
    if (nginx !== undefined)
      rows.push(
        results.compare(
          {
            id: 'warm-blob-nginx-cpu',
            title: 'warm blob with nginx in front of Layover, CPU of all processes',
            unit: 'CPU-s/GiB',
            better: 'lower',
          },
          'cpuPerGib',
          { layover: nginx.id },
        ),
        results.compare(
          {
            id: 'warm-blob-nginx-rate',
            title: 'warm blob with nginx in front of Layover, rate',
            unit: 'GiB/s',
            better: 'higher',
          },
          'gibPerSecond',
          { layover: nginx.id, ...bareServer },
        ),
      );
    const { id: betweenHosts } = layoverBetweenHosts;
    rows.push(
      results.compare(
        {
          id: 'between-hosts-cpu',
          title: 'warm blob, Layover on two hosts and each peer on one, CPU',
          unit: 'CPU-s/GB',
          better: 'lower',
        },
        'cpuPerGb',
        { layover: betweenHosts },
      ),
      results.compare(
        {
          id: 'between-hosts-rate',
          title: 'warm blob, Layover on two hosts and each peer on one, rate',
          unit: 'GB/s',
          better: 'higher',
        },
        'gbPerSecond',
        { layover: betweenHosts, ...bareServer },
      ),
    );
    return rows;
  } finally {
    await bare.stop();
  }
};
