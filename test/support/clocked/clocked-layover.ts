import { homeAt, type Home } from '../../../common/runtime/home';
import { type GraphqlClient, graphqlClient } from '../real/graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../real/layover';
import { type RunningPlane, startPlaneInside } from '../real/start-plane';
import { temporaryFolder } from '../real/temporary-folder';
import { ClockedPlane } from './clocked-plane';
import type { ClockedPlaneName } from './plane-messages';

/** The three planes, connected by gRPC as in production, with one clock that the test controls. */
export interface ClockedLayover {
  /** URL of the edge: `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly home: Home;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The management API of the running control plane. Throws an Error if none runs. */
  readonly graphql: GraphqlClient;
  isRunning(plane: ClockedPlaneName): boolean;
  /** Advances the clocks. Resolves when every plane has the new time. */
  advance(milliseconds: number): Promise<void>;
  /** Starts a plane in the same home. */
  start(plane: ClockedPlaneName): Promise<void>;
  /** Stops a plane as SIGTERM does. */
  stop(plane: ClockedPlaneName): Promise<void>;
  /** Sends SIGKILL to a plane. */
  kill(plane: ClockedPlaneName): Promise<void>;
  /** Returns the end of the output of the running planes. */
  output(): string;
  /** Stops all planes and deletes the home. */
  close(): Promise<void>;
}

/** Options of a {@link ClockedLayover}. */
export interface ClockedLayoverOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Keeps a loaded process ready to become a plane, because loading the sources takes most of the
 * time of a restart.
 */
export class SparePlanes {
  private spare: ClockedPlane | undefined = new ClockedPlane();

  take(): ClockedPlane {
    const taken = this.spare ?? new ClockedPlane();
    this.spare = new ClockedPlane();
    return taken;
  }

  /** Ends the spare process. */
  async close(): Promise<void> {
    await this.spare?.kill();
    this.spare = undefined;
  }
}

/** Starts all planes on free ports in a temporary folder. */
export async function startClockedLayover(
  spares: SparePlanes,
  options: ClockedLayoverOptions,
): Promise<ClockedLayover> {
  const folder = await temporaryFolder('clocked');
  const home = homeAt(folder.path);
  const environment = layoverEnvironment(folder.path, { LAYOVER_LOG_LEVEL: 'warn', ...options.env });
  let edge: RunningPlane | undefined;
  const planes = new Map<ClockedPlaneName, { readonly process: ClockedPlane; readonly address: string }>();
  let { now } = options;
  let url = '';

  const end = async (plane: ClockedPlaneName, how: 'stop' | 'kill'): Promise<void> => {
    const running = planes.get(plane);
    planes.delete(plane);
    await running?.process[how]();
  };
  const layover: ClockedLayover = {
    home,
    get url() {
      return url;
    },
    get now() {
      return now;
    },
    get graphql() {
      const control = planes.get('control');
      if (control === undefined) throw new Error('No control plane is running');
      return graphqlClient(`${control.address}/graphql`, ADMIN_TOKEN);
    },
    isRunning: (plane) => planes.has(plane),
    async advance(milliseconds) {
      now += milliseconds;
      await Promise.all([...planes.values()].map(({ process }) => process.setTime(now)));
    },
    async start(plane) {
      const process = spares.take();
      try {
        planes.set(plane, { process, address: await process.start(plane, environment, now) });
      } catch (error) {
        await process.kill();
        throw error;
      }
    },
    stop: (plane) => end(plane, 'stop'),
    kill: (plane) => end(plane, 'kill'),
    output: () => [...planes].map(([name, { process }]) => `${name}:\n${process.output()}`).join('\n'),
    async close() {
      await edge?.stop();
      await Promise.all([end('data', 'kill'), end('control', 'kill')]);
      await folder.remove();
    },
  };
  try {
    await layover.start('control');
    await layover.start('data');
    edge = await startPlaneInside('edge-http', { ...environment, LAYOVER_LOG_LEVEL: 'silent' });
    url = edge.address;
    return layover;
  } catch (error) {
    await layover.close();
    throw error;
  }
}
