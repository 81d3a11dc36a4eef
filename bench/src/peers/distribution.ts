import { startDistribution } from '../../../test/support/real/distribution';
import type { PeerStarter } from './peer';

/**
 * Runs distribution's registry as a pull-through cache ("proxy" in its configuration). All other
 * settings are those of the Debian package.
 */
export const distributionPeer: PeerStarter = {
  name: 'distribution',
  async start(upstream) {
    const registry = await startDistribution({ proxyOf: upstream });
    return {
      host: registry.host,
      path: (repository) => `/v2/${repository}`,
      reference: (repository) => `${registry.host}/${repository}`,
      processes: () => [{ name: 'docker-registry', pid: registry.pid }],
      stop: () => registry.stop(),
    };
  },
};
