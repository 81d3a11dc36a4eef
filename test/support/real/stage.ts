import { containersHome, type ContainersHome } from './containers-home';
import { type CountingRelay, startCountingRelay } from './counting-relay';
import { type Distribution, startDistribution } from './distribution';
import { type RunningLayover, startLayover } from './layover';
import type { ProxyCacheChoice } from './graphql-client';
import { send } from './http-client';
import { type Podman, podmanIn } from './podman';
import { type Skopeo, skopeoIn } from './skopeo';
import { waitUntil } from './wait-until';

/** Digest of a blob that does not exist in any test. */
const PROBE = `sha256:${'0'.repeat(64)}`;

/** Programs that {@link startStage} needs. */
export const STAGE_PROGRAMS = ['docker-registry', 'podman', 'skopeo'] as const;

/** The parts of an end-to-end suite: clients, Layover, a counting relay and the upstream. */
export interface Stage {
  /** The upstream itself. Images are pushed here, without the relay. */
  readonly upstream: Distribution;
  /** The relay, which is the upstream of Layover. */
  readonly relay: CountingRelay;
  readonly layover: RunningLayover;
  readonly podman: Podman;
  readonly skopeo: Skopeo;
  /**
   * Creates an organization with the relay as its upstream. Resolves when pulls work, because data
   * planes learn about a change a moment later.
   */
  createOrganization(name: string, choice?: Partial<ProxyCacheChoice>): Promise<void>;
  /** Resolves when all these digests were requested from the upstream and no request is running. */
  settled(digests: readonly string[]): Promise<void>;
  /** Ends all processes and deletes all folders. */
  stop(): Promise<void>;
}

/** Options of a stage. */
export interface StageOptions {
  /** If true, the upstream requires an account (see ACCOUNTS). */
  readonly htpasswd?: boolean;
  /** Additional environment of Layover. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts all parts. If one fails to start, stops the others. */
export async function startStage({ htpasswd, env }: StageOptions = {}): Promise<Stage> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const upstream = await startDistribution({ htpasswd });
    ends.push(() => upstream.stop());
    const relay = await startCountingRelay(upstream.url);
    ends.push(() => relay.close());
    // Without the delay before completion. Suites assert what completion does, so it should not
    // start seconds later.
    const layover = await startLayover({ env: { LAYOVER_COMPLETION_DELAY_SECONDS: '0', ...env } });
    ends.push(() => layover.stop());
    const clients: ContainersHome = await containersHome([layover.host]);
    ends.push(() => clients.remove());
    const createOrganization: Stage['createOrganization'] = async (name, choice) => {
      await layover.graphql.createOrganization(name, { upstream: relay.host, ...choice });
      const url = `${layover.url}/v2/${name}/probe/blobs/${PROBE}`;
      // An organization that does not exist is answered like a private one.
      await waitUntil(`the organization ${name}`, async () => (await send({ url })).status !== 401);
      relay.reset();
    };
    const settled = (digests: readonly string[]): Promise<void> =>
      waitUntil('the requests to the upstream', () => {
        const asked = digests.every((digest) =>
          relay.requests.some(({ method, path }) => method === 'GET' && path.endsWith(digest)),
        );
        return asked && relay.quiet();
      }).then(() => undefined);
    return {
      upstream,
      relay,
      layover,
      podman: podmanIn(clients),
      skopeo: skopeoIn(clients),
      createOrganization,
      settled,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
