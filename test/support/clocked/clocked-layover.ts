import { homeAt, type Home } from '../../../common/runtime/home';
import { type GraphqlClient, graphqlClient } from '../real/graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../real/layover';
import { type RunningPlane, startPlaneInside } from '../real/start-plane';
import { temporaryFolder } from '../real/temporary-folder';
import { ClockedPlane } from './clocked-plane';
import type { ClockedPlaneName } from './plane-messages';

/** The three planes over the same gRPC as in production, by one clock that the test sets. */
export interface ClockedLayover {
  /** The edge, `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly home: Home;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The management API of the control plane that runs now; throws where none does. */
  readonly graphql: GraphqlClient;
  isRunning(plane: ClockedPlaneName): boolean;
  /** Moves the clocks on; resolves when every plane has it. */
  advance(milliseconds: number): Promise<void>;
  /** Starts a plane in the same home. */
  start(plane: ClockedPlaneName): Promise<void>;
  /** As SIGTERM does. */
  stop(plane: ClockedPlaneName): Promise<void>;
  /** SIGKILL. */
  kill(plane: ClockedPlaneName): Promise<void>;
  /** The end of what the planes that run now have printed. */
  output(): string;
  /** Ends everything and removes the home. */
  close(): Promise<void>;
}

/** How it is started. */
export interface ClockedLayoverOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Keeps a process that waits to become a plane: loading the sources takes longer than all the rest of a restart. */
export class SparePlanes {
  private spare: ClockedPlane | undefined = new ClockedPlane();

  take(): ClockedPlane {
    const taken = this.spare ?? new ClockedPlane();
    this.spare = new ClockedPlane();
    return taken;
  }

  /** Ends the one that waits. */
  async close(): Promise<void> {
    await this.spare?.kill();
    this.spare = undefined;
  }
}

/** Starts all three on free ports in a folder of their own. */
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
      if (control === undefined) throw new Error('there is no control plane now');
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
