import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { send } from '../../../test/support/real/http-client';
import { pushImage, smallLayer } from '../../../test/support/real/push-image';
import type { Comparing } from '../comparison/comparison';
import { type Rounds, sideBySide } from '../comparison/side-by-side';
import { BARE_SERVER, startBareServer } from '../load/bare-server';
import { measureWork } from '../load/measure-work';
import { runLoad } from '../load/run-load';
import type { Peer } from '../peers/peer';

const CONNECTIONS = 16;
/** Requests per second of the measure of latency: half of what the slowest peer can do. */
const STEADY_RATE = 100;
const ROUNDS = 5;
const HEADERS = { Accept: MANIFEST_ACCEPT.join(', ') };
const REPOSITORY = 'bench/manifest';

/**
 * Measures a cached manifest. By tag, all programs ask the upstream each time whether the tag has
 * moved; by digest, they answer from the cache. The rates are those of 16 connections without a
 * pause, and the latency is that of a steady 100 requests per second.
 */
export const manifests: Comparing = async (context) => {
  const { upstream, quick } = context;
  const image = await pushImage(upstream, { repository: REPOSITORY, tag: 'v1', layers: [smallLayer('manifest')] });
  const bare = await startBareServer();
  const seconds = quick ? 1 : 5;
  const count = quick ? 1 : ROUNDS;
  const pathOf = (peer: Peer, reference: string): string => `${peer.path(REPOSITORY)}/manifests/${reference}`;
  const closedLoop = (host: string, path: string, duration = seconds) =>
    runLoad('closedLoop', { host, path, headers: HEADERS, connections: CONNECTIONS, seconds: duration });
  const bareRate = async (figure: string) => {
    const { requests, seconds } = await closedLoop(bare.host, bare.manifestPath);
    return { [figure]: requests / seconds };
  };
  const byTag: Rounds = {
    label: 'manifests by tag',
    count,
    async measure(peer) {
      const { requests, seconds } = await closedLoop(peer.host, pathOf(peer, 'v1'));
      return { byTag: requests / seconds };
    },
    references: [{ name: BARE_SERVER, measure: () => bareRate('byTag') }],
  };
  const byDigest: Rounds = {
    label: 'manifests by digest',
    count,
    async measure(peer) {
      const pids = peer.processes().map(({ pid }) => pid);
      let result = { requests: 0, seconds: 0 };
      const { cpu } = await measureWork(pids, async () => {
        result = await closedLoop(peer.host, pathOf(peer, image.digest));
      });
      return { byDigest: result.requests / result.seconds, cpu: (cpu * 1e6) / result.requests };
    },
    references: [{ name: BARE_SERVER, measure: () => bareRate('byDigest') }],
  };
  const latency: Rounds = {
    label: 'latency of manifests by tag',
    count,
    async measure(peer) {
      const path = pathOf(peer, 'v1');
      const loop = { connections: CONNECTIONS, perSecond: STEADY_RATE, seconds: quick ? 1 : 8 };
      const { p50, p99 } = await runLoad('openLoop', { host: peer.host, path, headers: HEADERS, ...loop });
      return { p50, p99 };
    },
  };
  try {
    const prepare = async (peer: Peer): Promise<void> => {
      for (const reference of ['v1', image.digest]) {
        const path = pathOf(peer, reference);
        const { status, body } = await send({ url: `http://${peer.host}${path}`, headers: HEADERS });
        if (!body.equals(image.manifest))
          throw new Error(`GET ${path} was answered with ${status}: ${body.toString().slice(0, 200)}`);
        await closedLoop(peer.host, path, quick ? 0.2 : 3);
      }
    };
    const results = await sideBySide(context, { layover: [context.layover], upstream: upstream.url, prepare }, [
      byTag,
      byDigest,
      latency,
    ]);
    const rate = { unit: 'requests/s', better: 'higher' } as const;
    const less = { better: 'lower' } as const;
    const bareServer = { references: [BARE_SERVER] };
    const with16 = `${CONNECTIONS} connections`;
    return [
      results.compare({ id: 'manifests-by-tag', title: `manifests by tag, ${with16}`, ...rate }, 'byTag', bareServer),
      results.compare(
        { id: 'manifests-by-digest', title: `manifests by digest, ${with16}`, ...rate },
        'byDigest',
        bareServer,
      ),
      results.compare(
        { id: 'manifest-cpu', title: 'CPU of all processes for a manifest by digest', unit: 'µs', ...less },
        'cpu',
      ),
      results.compare(
        { id: 'manifest-p50', title: `manifest by tag, ${STEADY_RATE} per second, median`, unit: 'ms', ...less },
        'p50',
      ),
      results.compare(
        {
          id: 'manifest-p99',
          title: `manifest by tag, ${STEADY_RATE} per second, 99th percentile`,
          unit: 'ms',
          ...less,
        },
        'p99',
      ),
    ];
  } finally {
    await bare.stop();
  }
};
