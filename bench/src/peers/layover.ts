import type { ProxyCacheChoice } from '../../../test/support/real/graphql-client';
import { send } from '../../../test/support/real/http-client';
import { startLayover } from '../../../test/support/real/layover';
import { waitUntil } from '../../../test/support/real/wait-until';
import { startLayoverNodes } from './layover-nodes';
import type { Peer, PeerStarter } from './peer';
import { processTree } from './process-tree';

const ORGANIZATION = 'bench';

/**
 * Runs Layover as `npm start` does, with the defaults of a new organization: every pull by tag
 * revalidates the tag.
 */
export const layoverPeer: PeerStarter = layoverPeerWith({});

/** Runs Layover with these settings of its organization; all others have defaults. */
export function layoverPeerWith(settings: Partial<ProxyCacheChoice>): PeerStarter {
  return { id: 'layover', name: 'Layover', start: (upstream) => startLayoverPeer(upstream, { settings }) };
}

/** How a Layover under test differs from the defaults. */
export interface LayoverOptions {
  /** Settings of its organization. */
  readonly settings?: Partial<ProxyCacheChoice>;
  /** Environment variables of all planes. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts Layover as `npm start` does, with one organization for the upstream. */
export async function startLayoverPeer(
  upstream: string,
  { settings, env }: LayoverOptions,
): Promise<Peer & { readonly home: string }> {
  const layover = await startLayover({ env });
  try {
    await layover.graphql.createOrganization(ORGANIZATION, { ...settings, upstream: new URL(upstream).host });
    await untilKnown(layover.url);
  } catch (error) {
    await layover.stop();
    throw error;
  }
  return {
    host: layover.host,
    hosts: [layover.host],
    home: layover.home,
    path: (repository) => `/v2/${ORGANIZATION}/${repository}`,
    reference: (repository) => `${layover.host}/${ORGANIZATION}/${repository}`,
    processes: () => processTree('standalone', layover.pid),
    stop: () => layover.stop(),
  };
}

/**
 * Resolves when the data plane knows the organization: a missing organization looks like a private
 * one (ADR 36), and a public one says that it does not have the image.
 */
async function untilKnown(url: string): Promise<void> {
  const missing = `${url}/v2/${ORGANIZATION}/bench/missing/manifests/none`;
  await waitUntil('the organization to be known', async () => (await send({ url: missing })).status === 404, 30_000);
}

/**
 * Runs an edge and a data plane as on two hosts: each with its own home, connected over TCP, so
 * that the edge can't read the files of the data plane.
 */
export const layoverBetweenHosts: PeerStarter = layoverNodesPeer('layover-between-hosts', 'Layover on two hosts', 1);

/** Runs three edges and three data planes, as on six hosts. */
export const layoverThreeNodes: PeerStarter = layoverNodesPeer('layover-3-nodes', 'Layover on six hosts', 3);

function layoverNodesPeer(id: PeerStarter['id'], name: string, count: number): PeerStarter {
  return {
    id,
    name,
    async start(upstream) {
      const nodes = await startLayoverNodes({ nodes: count, transport: 'tcp', upstream });
      return {
        host: nodes.hosts[0]!,
        hosts: nodes.hosts,
        path: nodes.path,
        reference: (repository) => `${nodes.hosts[0]!}/${ORGANIZATION}/${repository}`,
        processes: () => nodes.pids.flatMap((pid) => processTree('plane', pid)),
        stop: () => nodes.stop(),
      };
    },
  };
}
