import { setTimeout as pause } from 'node:timers/promises';
import { pushBlob } from '../../../test/support/real/registry-target';
import { atATime } from '../load/read-blob';
import { openFiles, watchOpenFiles } from '../load/open-files';
import { runLoad } from '../load/run-load';
import type { BenchContext, Row } from '../measure';
import { withPeer } from '../peers/peer';

const BLOBS = 1_000;
const BLOB_BYTES = 64 * 1024;
const PUSHES_AT_A_TIME = 8;
const REPOSITORY = 'bench/burst';
/** Time after the burst in which everything is closed, in milliseconds. */
const AFTER_MS = 5_000;
/** File descriptors that the data plane may have in addition to one for each client. */
const MORE_FILES = 300;

/**
 * Measures the file descriptors of each process while 1,000 clients request 1,000 blobs at once, of
 * which none is cached: before, at most, and five seconds after the last answer.
 */
export async function burstRows(context: BenchContext): Promise<readonly Row[]> {
  const count = context.quick ? 50 : BLOBS;
  context.note(`growth: pushing ${count} blobs`);
  const digests: string[] = [];
  let pushed = 0;
  await atATime(count, PUSHES_AT_A_TIME, async () => {
    const content = Buffer.alloc(BLOB_BYTES, `blob ${pushed++} `);
    digests.push((await pushBlob(context.upstream, REPOSITORY, content)).digest);
  });
  return withPeer(context.layover, context.upstream.url, async (peer) => {
    const processes = peer.processes();
    const before = new Map(processes.map(({ name, pid }) => [name, openFiles(pid)]));
    const stop = watchOpenFiles(processes);
    const paths = digests.map((digest) => `${peer.path(REPOSITORY)}/blobs/${digest}`);
    const { answered, seconds, failed } = await runLoad('burst', { host: peer.host, paths });
    const most = stop();
    context.note(`growth: burst, ${answered} answers in ${seconds.toFixed(1)} s, failed: ${JSON.stringify(failed)}`);
    await pause(AFTER_MS);
    const burst = `${count} cold blobs at once`;
    const row = (what: string, value: number, reference: number, limit?: number): Row => ({
      measure: `${burst}: ${what}`,
      unit: 'files',
      layover: value,
      reference: { name: 'before', value: reference },
      bound: limit === undefined ? '' : `<= ${limit}`,
      holds: limit === undefined ? undefined : value <= limit,
    });
    return [
      {
        measure: `${burst}: answered with 200`,
        unit: 'blobs',
        layover: answered,
        bound: `>= ${count}`,
        holds: answered >= count,
      },
      ...processes.flatMap(({ name, pid }) => [
        row(
          `${name}, most`,
          most.get(name)!,
          before.get(name)!,
          name === 'data-plane' ? count + MORE_FILES : undefined,
        ),
        row(`${name}, 5 s after`, openFiles(pid), before.get(name)!),
      ]),
    ];
  });
}
