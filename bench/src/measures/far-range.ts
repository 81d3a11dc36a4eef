import { send } from '../../../test/support/real/http-client';
import { pushImage } from '../../../test/support/real/push-image';
import { firstByteMs } from '../load/first-byte';
import { type Measure, median, type Row } from '../measure';
import { layoverPeerWith } from '../peers/layover';
import { type PeerStarter, withPeer } from '../peers/peer';
import { startPacedRelay } from '../upstream/paced-relay';

const MIB = 1024 * 1024;
/** 400 Mbit/s for each connection, as from a registry in the same region. */
const BYTES_PER_SECOND = 50 * MIB;
/** The tail that eStargz and SOCI clients read first, in bytes. */
const TAIL = 500;
const ROUNDS = 5;

/**
 * Measures how long a client waits for the last 500 bytes of a blob that is not cached, from an
 * upstream that sends 50 MiB/s per connection: with direct ranges, without them, and from the
 * upstream itself.
 */
export const farRange: Measure = async (context) => {
  const tarBytes = (context.quick ? 16 : 150) * MIB;
  const rounds = context.quick ? 1 : ROUNDS;
  const layers = [{ seed: 'far-range', tarBytes, compressed: false }];
  const image = await pushImage(context.upstream, { repository: 'bench/far', tag: 'v1', layers });
  const { digest } = image.layers[0]!;
  const relay = await startPacedRelay(new URL(context.upstream.url).host, BYTES_PER_SECOND);
  try {
    const cold = async (starter: PeerStarter, what: string): Promise<number> => {
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        context.note(`far range, ${what}, round ${round + 1}`);
        times.push(
          await withPeer(starter, relay.url, async (peer) => {
            const repository = `http://${peer.host}${peer.path('bench/far')}`;
            await send({ url: `${repository}/manifests/v1`, headers: { Accept: '*/*' } });
            return firstByteMs(`${repository}/blobs/${digest}`, tarBytes - TAIL);
          }),
        );
      }
      return median(times);
    };
    const direct: number[] = [];
    for (let round = 0; round < rounds; round += 1)
      direct.push(await firstByteMs(`${relay.url}/v2/bench/far/blobs/${digest}`, tarBytes - TAIL));
    const layover = await cold(context.layover, 'layover');
    const waiting = await cold(layoverPeerWith({ directRanges: false }), 'layover without direct ranges');
    const distribution = context.distribution && (await cold(context.distribution, 'distribution'));
    const measure = `last ${TAIL} bytes of a cold blob of ${tarBytes / MIB} MiB`;
    const row = (name: string, value: number, bound: string, holds: boolean): Row => ({
      measure,
      unit: 'ms to the first byte',
      layover,
      distribution: undefined,
      reference: { name, value },
      bound,
      holds,
    });
    return [
      { ...row('without direct ranges', waiting, '< without', layover < waiting), distribution },
      row('upstream', median(direct), '<= upstream + 100 ms', layover <= median(direct) + 100),
    ];
  } finally {
    await relay.close();
  }
};
