import { containersHome } from '../../../test/support/real/containers-home';
import { findProgram } from '../../../test/support/real/programs';
import { pushImage } from '../../../test/support/real/push-image';
import { skopeoIn } from '../../../test/support/real/skopeo';
import type { Comparing } from '../comparison/comparison';
import { sideBySide } from '../comparison/side-by-side';
import { MIB } from './blob-image';
import { DIRECT } from './cold-blob';

const LAYERS = 8;
const ROUNDS = 5;
const REPOSITORY = 'bench/image';

/**
 * Measures the first pull of an image with eight layers by skopeo, which copies it into a folder
 * and verifies every digest, compared with a pull without a cache.
 */
export const coldPull: Comparing = async (context) => {
  const { upstream, quick, note } = context;
  if (findProgram('skopeo') === undefined) {
    note('cold pull: skipped, needs skopeo');
    return [];
  }
  const layerBytes = (quick ? 8 : 32) * MIB;
  const count = quick ? 1 : ROUNDS;
  const push = (tag: string) => {
    const seeds = Array.from({ length: LAYERS }, (_, layer) => `cold-pull-${tag}-${layer}`);
    const layers = seeds.map((seed) => ({ seed, tarBytes: layerBytes, compressed: false }));
    return pushImage(upstream, { repository: REPOSITORY, tag, layers });
  };
  for (let round = 0; round < count; round += 1) await push(`v${round}`);
  await push('first');
  const copy = async (reference: string): Promise<number> => {
    const home = await containersHome([new URL(`http://${reference}`).host]);
    try {
      const started = performance.now();
      await skopeoIn(home).copyOnly(reference);
      return (performance.now() - started) / 1000;
    } finally {
      await home.remove();
    }
  };
  const directly = `${upstream.host}/${REPOSITORY}`;
  // All pulls find the layers in the page cache, also the first one.
  for (let round = 0; round < count; round += 1) await copy(`${directly}:v${round}`);
  const results = await sideBySide(
    context,
    {
      layover: [context.layover],
      upstream: upstream.url,
      prepare: async (peer) => void (await copy(`${peer.reference(REPOSITORY)}:first`)),
    },
    [
      {
        label: 'cold pull',
        count,
        measure: async (peer, round) => ({ seconds: await copy(`${peer.reference(REPOSITORY)}:v${round}`) }),
        references: [{ name: DIRECT, measure: async (round) => ({ seconds: await copy(`${directly}:v${round}`) }) }],
      },
    ],
  );
  const title = `cold image of ${LAYERS} layers, ${(LAYERS * layerBytes) / MIB} MiB, with skopeo`;
  return [
    results.compare({ id: 'cold-image', title, unit: 's', better: 'lower' }, 'seconds', { references: [DIRECT] }),
  ];
};
