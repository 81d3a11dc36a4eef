import { containersHome, type ContainersHome } from './containers-home';
import { type CountingRelay, startCountingRelay } from './counting-relay';
import { type Distribution, startDistribution } from './distribution';
import { type RunningLayover, startLayover } from './layover';
import { type Podman, podmanIn } from './podman';
import { type Skopeo, skopeoIn } from './skopeo';
import { waitUntil } from './wait-until';

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
    const layover = await startLayover({ env });
    ends.push(() => layover.stop());
    const clients: ContainersHome = await containersHome([layover.host]);
    ends.push(() => clients.remove());
    const settled = (digests: readonly string[]): Promise<void> =>
      waitUntil('the upstream being asked for all it should be', () => {
        const asked = digests.every((digest) =>
          relay.requests.some(({ method, path }) => method === 'GET' && path.endsWith(digest)),
        );
        return asked && relay.quiet();
      }).then(() => undefined);
    return { upstream, relay, layover, podman: podmanIn(clients), skopeo: skopeoIn(clients), settled, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
