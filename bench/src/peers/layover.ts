import type { ProxyCacheChoice } from '../../../test/support/real/graphql-client';
import { type PlaneName, startLayover } from '../../../test/support/real/layover';
import type { PeerStarter } from './peer';

const ORGANIZATION = 'bench';
const PLANES: readonly PlaneName[] = ['edge-http', 'data-plane', 'control-plane'];

/**
 * Runs Layover as `npm start` does, with the defaults of a new organization: every pull by tag
 * revalidates the tag.
 */
export const layoverPeer: PeerStarter = layoverPeerWith({});

/** Runs Layover with these settings of its organization; all others have defaults. */
export function layoverPeerWith(settings: Partial<ProxyCacheChoice>): PeerStarter {
  return {
    name: 'layover',
    async start(upstream) {
      const layover = await startLayover();
      try {
        await layover.graphql.createOrganization(ORGANIZATION, { ...settings, upstream: new URL(upstream).host });
      } catch (error) {
        await layover.stop();
        throw error;
      }
      return {
        host: layover.host,
        path: (repository) => `/v2/${ORGANIZATION}/${repository}`,
        reference: (repository) => `${layover.host}/${ORGANIZATION}/${repository}`,
        processes: () => PLANES.map((name) => ({ name, pid: layover.planePid(name) })),
        stop: () => layover.stop(),
      };
    },
  };
}
