import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { send } from '../../../test/support/real/http-client';
import { pushImage, smallLayer } from '../../../test/support/real/push-image';
import { type Load, requestsPerSecond } from '../load/requests-per-second';
import { type BenchContext, median, type Measure, peersOf, type Row } from '../measure';
import type { Peer } from '../peers/peer';

const CONNECTIONS = 16;
const ACCEPT = MANIFEST_ACCEPT.join(', ');
const REPOSITORY = 'bench/manifest';

interface Kind {
  readonly name: string;
  readonly reference: string;
  /** The required multiple of the rate of distribution. */
  readonly factor: number;
}

/**
 * Measures manifests per second on 16 connections: by tag, each with a revalidation, and by digest.
 * The peers alternate.
 */
export const manifests: Measure = async (context) => {
  const image = await pushImage(context.upstream, { repository: REPOSITORY, tag: 'v1', layers: [smallLayer('m')] });
  const kinds: readonly Kind[] = [
    { name: 'by tag', reference: 'v1', factor: 10 },
    { name: 'by digest', reference: image.digest, factor: 4 },
  ];
  const peers = new Map<string, Peer>();
  try {
    for (const starter of peersOf(context)) {
      const peer = await starter.start(context.upstream.url);
      peers.set(starter.name, peer);
      for (const kind of kinds) await warmUp(starter.name, load(peer, kind, 1), image.manifest);
    }
    const rows: Row[] = [];
    for (const kind of kinds) rows.push(await compare(context, peers, kind));
    return rows;
  } finally {
    for (const peer of peers.values()) await peer.stop();
  }
};

async function compare(context: BenchContext, peers: ReadonlyMap<string, Peer>, kind: Kind): Promise<Row> {
  const rates = new Map([...peers.keys()].map((name) => [name, [] as number[]]));
  for (let round = 1; round <= (context.quick ? 1 : 3); round += 1) {
    for (const [name, peer] of peers) {
      context.note(`manifests ${kind.name}, round ${round}, ${name}`);
      rates.get(name)!.push(await requestsPerSecond(load(peer, kind, context.quick ? 1 : 5)));
    }
  }
  const layover = median(rates.get('layover')!);
  const others = rates.get('distribution');
  const distribution = others && median(others);
  return {
    measure: `manifests ${kind.name}, ${CONNECTIONS} connections`,
    unit: 'requests/s',
    layover,
    distribution,
    bound: `>= ${kind.factor} x distribution`,
    holds: distribution === undefined ? undefined : layover >= kind.factor * distribution,
  };
}

/** Checks that the peer returns the right manifest, then warms up the process. */
async function warmUp(name: string, load: Load, manifest: Buffer): Promise<void> {
  const first = await send({ url: load.url, headers: { Accept: ACCEPT } });
  if (!first.body.equals(manifest)) throw new Error(`${name} answered ${first.status} to ${load.url}`);
  await requestsPerSecond(load);
}

function load(peer: Peer, { reference }: Kind, seconds: number): Load {
  const url = `http://${peer.host}${peer.path(REPOSITORY)}/manifests/${reference}`;
  return { url, accept: ACCEPT, connections: CONNECTIONS, seconds };
}
