import { containersHome, type ContainersHome } from './containers-home';
import { type CountingRelay, startCountingRelay } from './counting-relay';
import { type Distribution, startDistribution } from './distribution';
import { type RunningLayover, startLayover } from './layover';
import type { ProxyCacheChoice } from './graphql-client';
import { send } from './http-client';
import { type Podman, podmanIn } from './podman';
import { type Skopeo, skopeoIn } from './skopeo';
import { waitUntil } from './wait-until';

/** Digest of a blob that no test has. */
const PROBE = `sha256:${'0'.repeat(64)}`;

/** Programs that {@link startStage} needs on the machine. */
export const STAGE_PROGRAMS = ['docker-registry', 'podman', 'skopeo'] as const;

/** Everything of one end-to-end suite: clients, Layover, a relay that counts, the upstream. */
export interface Stage {
  /** Where images are pushed: the upstream itself, past the relay. */
  readonly upstream: Distribution;
  /** What Layover is told its upstream is. */
  readonly relay: CountingRelay;
  readonly layover: RunningLayover;
  readonly podman: Podman;
  readonly skopeo: Skopeo;
  /** Creates an organization that mirrors the relay, and resolves when pulls find it: data planes hear of a change a moment later. */
  createOrganization(name: string, choice?: Partial<ProxyCacheChoice>): Promise<void>;
  /** Resolves when the upstream has been asked for all of these digests and nothing is under way. */
  settled(digests: readonly string[]): Promise<void>;
  /** Ends every process and removes every folder. */
  stop(): Promise<void>;
}

/** How a stage differs from the usual. */
export interface StageOptions {
  /** The upstream asks for an account (see ACCOUNTS). */
  readonly htpasswd?: boolean;
  /** More environment for Layover. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts all of it; what was started is ended again where a part fails to start. */
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
    // No head start for the client: what completion does is asserted, so it should not come seconds later.
    const layover = await startLayover({ env: { LAYOVER_COMPLETION_DELAY_SECONDS: '0', ...env } });
    ends.push(() => layover.stop());
    const clients: ContainersHome = await containersHome([layover.host]);
    ends.push(() => clients.remove());
    const createOrganization: Stage['createOrganization'] = async (name, choice) => {
      await layover.graphql.createOrganization(name, { upstream: relay.host, ...choice });
      const url = `${layover.url}/v2/${name}/probe/blobs/${PROBE}`;
      await waitUntil(`the organization ${name}`, async () => !(await send({ url })).body.includes('NAME_UNKNOWN'));
      relay.reset();
    };
    const settled = (digests: readonly string[]): Promise<void> =>
      waitUntil('the upstream being asked for all it should be', () => {
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
