import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { send } from '../../../test/support/real/http-client';
import { pushImage, smallLayer } from '../../../test/support/real/push-image';
import { requestsPerSecond } from '../load/requests-per-second';
import { type Measure, peersOf, type Row } from '../measure';
import { withPeer } from '../peers/peer';

const CONNECTIONS = 16;
const ACCEPT = MANIFEST_ACCEPT.join(', ');

/** Manifests a second on 16 connections: by tag (each one revalidated upstream) and by digest. */
export const manifests: Measure = async (context) => {
  const image = await pushImage(context.upstream, {
    repository: 'bench/manifest',
    tag: 'v1',
    layers: [smallLayer('m')],
  });
  const kinds = [
    { name: 'by tag', reference: 'v1', factor: 10 },
    { name: 'by digest', reference: image.digest, factor: 4 },
  ];
  const rates = new Map<string, number>();
  for (const starter of peersOf(context)) {
    await withPeer(starter, context.upstream.url, async (peer) => {
      for (const { name, reference } of kinds) {
        const url = `http://${peer.host}${peer.path('bench/manifest')}/manifests/${reference}`;
        const first = await send({ url, headers: { Accept: ACCEPT } });
        if (!first.body.equals(image.manifest)) throw new Error(`${starter.name} answered ${first.status} to ${url}`);
        // A short load first, for what a process only does once.
        await requestsPerSecond({ url, accept: ACCEPT, connections: CONNECTIONS, seconds: 1 });
        context.note(`manifests ${name}, ${starter.name}`);
        const seconds = context.quick ? 1 : 5;
        rates.set(
          `${starter.name} ${name}`,
          await requestsPerSecond({ url, accept: ACCEPT, connections: CONNECTIONS, seconds }),
        );
      }
    });
  }
  return kinds.map(({ name, factor }): Row => {
    const layover = rates.get(`layover ${name}`)!;
    const distribution = rates.get(`distribution ${name}`);
    return {
      measure: `manifests ${name}, ${CONNECTIONS} connections`,
      unit: 'requests/s',
      layover,
      distribution,
      bound: `>= ${factor} x distribution`,
      holds: distribution === undefined ? undefined : layover >= factor * distribution,
    };
  });
};
