import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { type PushedImage, pushImage } from '../../../test/support/real/push-image';
import type { Comparing } from '../comparison/comparison';
import { sideBySideFresh } from '../comparison/side-by-side';
import type { ReplayRequest } from '../load/jobs/replay';
import { measureWork } from '../load/measure-work';
import { runLoad } from '../load/run-load';
import type { Peer } from '../peers/peer';
import { planReplay, type PlannedRequest, type ReplaySize } from '../replay/plan-replay';
import { MIB } from './blob-image';

const ROUNDS = 3;
const CONNECTIONS = 16;
const TAG = 'v1';
const SIZE: ReplaySize = { images: 40, layersPerImage: 3, requests: 2000, largestLayer: 256 * MIB };
const QUICK: ReplaySize = { images: 5, layersPerImage: 2, requests: 100, largestLayer: 4 * MIB };

/**
 * Replays the mix of requests of production registries (replay/registry-mix.ts) on 16 connections,
 * from an empty cache: what is requested again is served from the cache.
 */
export const replay: Comparing = async (context) => {
  const { upstream, quick } = context;
  const plan = planReplay(quick ? QUICK : SIZE);
  const images: PushedImage[] = [];
  for (const { repository, layers } of plan.images)
    images.push(await pushImage(upstream, { repository, tag: TAG, layers }));
  const replayOn = (peer: Pick<Peer, 'host' | 'path'>) =>
    runLoad('replay', {
      host: peer.host,
      accept: MANIFEST_ACCEPT.join(', '),
      connections: CONNECTIONS,
      requests: plan.requests.map((request) => toRequest(peer, images, request)),
    });
  const results = await sideBySideFresh(
    context,
    { layover: [context.layover], upstream: upstream.url },
    {
      label: 'replay',
      count: quick ? 1 : ROUNDS,
      async measure(peer) {
        let result = { requests: 0, seconds: 0 };
        const pids = peer.processes().map(({ pid }) => pid);
        const { cpu } = await measureWork(pids, async () => {
          result = await replayOn(peer);
        });
        return { rate: result.requests / result.seconds, cpu: (cpu * 1000) / result.requests };
      },
    },
  );
  const title = 'replay of the mix of production registries';
  return [
    results.compare({ id: 'replay-rate', title, unit: 'requests/s', better: 'higher' }, 'rate'),
    results.compare({ id: 'replay-cpu', title: `${title}, CPU of a request`, unit: 'ms', better: 'lower' }, 'cpu'),
  ];
};

function toRequest(peer: Pick<Peer, 'path'>, images: readonly PushedImage[], request: PlannedRequest): ReplayRequest {
  if (request.kind === 'ping') return { method: 'GET', path: '/v2/', mayChallenge: true };
  const { repository, layers } = images[request.image]!;
  const manifest = `${peer.path(repository)}/manifests/${TAG}`;
  if (request.kind === 'manifest') return { method: request.method, path: manifest };
  const { digest, size } = layers[request.layer]!;
  return { method: 'GET', path: `${peer.path(repository)}/blobs/${digest}`, bytes: size, after: manifest };
}
