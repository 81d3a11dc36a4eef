import { setTimeout as pause } from 'node:timers/promises';
import { send } from '../../../test/support/real/http-client';
import { cpuSeconds } from '../../../test/support/real/process-tree';
import { pushImage } from '../../../test/support/real/push-image';
import { atATime, readBlob } from '../load/read-blob';
import { median, type Measure, peersOf } from '../measure';
import { type Peer } from '../peers/peer';

const MIB = 1024 * 1024;
const READS = 16;
const AT_A_TIME = 2;
/** Lets background work after an answer (records, completion) end before the measurement starts. */
const SETTLE_MS = 2000;

/**
 * Measures a cached blob: 16 reads of 128 MiB, 2 at a time. Reports the CPU time of all serving
 * processes and the rate.
 */
export const warmBlob: Measure = async (context) => {
  const tarBytes = (context.quick ? 16 : 128) * MIB;
  const layers = [{ seed: 'warm-blob', tarBytes, compressed: false }];
  const image = await pushImage(context.upstream, { repository: 'bench/warm', tag: 'v1', layers });
  const results = new Map<string, { readonly cpu: number[]; readonly rate: number[] }>();
  const peers: { readonly name: string; readonly peer: Peer }[] = [];
  try {
    for (const starter of peersOf(context)) {
      const peer = await starter.start(context.upstream.url);
      peers.push({ name: starter.name, peer });
      results.set(starter.name, { cpu: [], rate: [] });
      await send({ url: `http://${peer.host}${peer.path('bench/warm')}/manifests/v1`, headers: { Accept: '*/*' } });
      // The first read fills the blob, the second one reads it from the store.
      const path = `${peer.path('bench/warm')}/blobs/${image.layers[0]!.digest}`;
      for (const _time of [1, 2]) await readBlob(peer.host, path);
    }
    await pause(SETTLE_MS);
    for (let round = 1; round <= (context.quick ? 1 : 3); round += 1) {
      for (const { name, peer } of peers) {
        context.note(`warm blob, round ${round}, ${name}`);
        const path = `${peer.path('bench/warm')}/blobs/${image.layers[0]!.digest}`;
        const { cpu, rate } = await measureReads(peer, path, tarBytes);
        results.get(name)!.cpu.push(cpu);
        results.get(name)!.rate.push(rate);
      }
    }
  } finally {
    for (const { peer } of peers) await peer.stop();
  }
  const layover = results.get('layover')!;
  const distribution = results.get('distribution');
  const cpu = median(layover.cpu);
  const rate = median(layover.rate);
  return [
    {
      measure: 'warm blob, CPU of all processes',
      unit: 'CPU-seconds / GB',
      layover: cpu,
      distribution: distribution && median(distribution.cpu),
      bound: '<= 0.40, and not above distribution',
      holds: cpu <= 0.4 && (distribution === undefined || cpu <= median(distribution.cpu)),
    },
    {
      measure: 'warm blob, rate',
      unit: 'GB/s',
      layover: rate,
      distribution: distribution && median(distribution.rate),
      bound: '>= 2.4',
      holds: rate >= 2.4,
    },
  ];
};

async function measureReads(peer: Peer, path: string, size: number): Promise<{ cpu: number; rate: number }> {
  const pids = peer.processes().map(({ pid }) => pid);
  const used = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = used();
  const begun = process.hrtime.bigint();
  await atATime(READS, AT_A_TIME, () => readBlob(peer.host, path));
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  // The kernel accounts the last ticks of CPU time with a short delay.
  await pause(100);
  const gigabytes = (READS * size) / 1e9;
  return { cpu: (used() - before) / gigabytes, rate: gigabytes / seconds };
}
