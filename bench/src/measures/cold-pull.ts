import { containersHome } from '../../../test/support/real/containers-home';
import { findProgram } from '../../../test/support/real/programs';
import { pushImage } from '../../../test/support/real/push-image';
import { skopeoIn } from '../../../test/support/real/skopeo';
import { median, type Measure, peersOf } from '../measure';
import { withPeer } from '../peers/peer';

const MIB = 1024 * 1024;
const LAYERS = 8;

/**
 * Compares the time of a cold pull of a 512 MB image with a pull without a cache. The client is
 * skopeo, which copies into a folder.
 */
export const coldPull: Measure = async (context) => {
  if (findProgram('skopeo') === undefined) {
    context.note('cold pull: skipped, needs skopeo');
    return [];
  }
  const layerBytes = ((context.quick ? 64 : 512) * MIB) / LAYERS;
  const layers = Array.from({ length: LAYERS }, (_, at) => ({
    seed: `cold-pull-${at}`,
    tarBytes: layerBytes,
    compressed: false,
  }));
  await pushImage(context.upstream, { repository: 'bench/image', tag: 'v1', layers });
  const times = new Map<string, number[]>([['direct', []]]);
  for (const { name } of peersOf(context)) times.set(name, []);
  const copy = async (name: string, reference: string): Promise<void> => {
    const home = await containersHome([new URL(`http://${reference}`).host]);
    try {
      const begun = process.hrtime.bigint();
      await skopeoIn(home).copyOnly(`${reference}:v1`);
      times.get(name)!.push(Number(process.hrtime.bigint() - begun) / 1e9);
    } finally {
      await home.remove();
    }
  };
  const direct = `${new URL(context.upstream.url).host}/bench/image`;
  // Fills the page cache, so that all measured pulls have the same start.
  await copy('direct', direct);
  times.get('direct')!.pop();
  for (let round = 1; round <= (context.quick ? 1 : 3); round += 1) {
    context.note(`cold pull, round ${round}`);
    await copy('direct', direct);
    for (const starter of peersOf(context)) {
      await withPeer(starter, context.upstream.url, (peer) => copy(starter.name, peer.reference('bench/image')));
    }
  }
  const seconds = (name: string): number => median(times.get(name)!);
  const distribution = times.has('distribution') ? seconds('distribution') : undefined;
  return [
    {
      measure: `cold pull of a ${(LAYERS * layerBytes) / MIB} MB image`,
      unit: 'seconds',
      layover: seconds('layover'),
      distribution,
      reference: { name: 'direct', value: seconds('direct') },
      bound: '<= 1.10 x direct',
      holds: seconds('layover') <= 1.1 * seconds('direct'),
    },
  ];
};
