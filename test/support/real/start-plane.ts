import { createControlPlane, type ControlPlane, type ControlPlaneOverrides } from '../../../control-plane/src/app';
import { readControlPlaneConfig } from '../../../control-plane/src/config';
import { createDataPlane, type DataPlane, type DataPlaneOverrides } from '../../../data-plane/src/app';
import { readDataPlaneConfig } from '../../../data-plane/src/config';
import { createEdge, type Edge, type EdgeOverrides } from '../../../edge-http/src/app';
import { readEdgeConfig } from '../../../edge-http/src/config';
import type { App } from '../../../common/runtime/lifecycle';
import type { PlaneName } from './layover';
import { startPlaneProcess } from './plane-process';

/** A plane that accepts requests, in the process of the test or in a separate process. */
export interface RunningPlane<A extends App = App> {
  /**
   * Address of the plane: with its scheme for an HTTP server (`http://127.0.0.1:<port>`), without
   * one for a gRPC server.
   */
  readonly address: string;
  /** The plane, if it runs in the process of the test. */
  readonly app: A | undefined;
  /**
   * Address of the Catalog, as a gRPC target; undefined for planes other than the control plane.
   */
  readonly catalogAddress: string | undefined;
  /** Stops the plane as SIGTERM does. */
  stop(): Promise<void>;
  /** Sends a signal. Throws an Error if the plane has no separate process. */
  signal(name: NodeJS.Signals): void;
  /**
   * Sends SIGKILL and waits for the end of the process. Throws an Error if the plane has no
   * separate process.
   */
  kill(): Promise<void>;
}

/** The application and the overrides of each plane. */
interface Planes {
  readonly 'control-plane': { readonly app: ControlPlane; readonly overrides: ControlPlaneOverrides };
  readonly 'data-plane': { readonly app: DataPlane; readonly overrides: DataPlaneOverrides };
  readonly 'edge-http': { readonly app: Edge; readonly overrides: EdgeOverrides };
}

type Environment = Readonly<Record<string, string | undefined>>;

const CREATE: {
  readonly [P in PlaneName]: (environment: Environment, overrides?: Planes[P]['overrides']) => Planes[P]['app'];
} = {
  'control-plane': (environment, overrides) => createControlPlane(readControlPlaneConfig(environment), overrides),
  'data-plane': (environment, overrides) => createDataPlane(readDataPlaneConfig(environment), overrides),
  'edge-http': (environment, overrides) => createEdge(readEdgeConfig(environment), overrides),
};

/** Starts a plane in the process of the test. */
export async function startPlaneInside<P extends PlaneName>(
  plane: P,
  environment: Environment,
  overrides?: Planes[P]['overrides'],
): Promise<RunningPlane<Planes[P]['app']>> {
  const app: Planes[P]['app'] = CREATE[plane](environment, overrides);
  const throwNoProcess = (): never => {
    throw new Error(`The ${plane} has no separate process`);
  };
  try {
    const { address } = await app.start();
    return {
      address: plane === 'data-plane' ? address : withScheme(address),
      app,
      catalogAddress: 'catalogAddress' in app ? app.catalogAddress : undefined,
      stop: () => app.stop(),
      signal: throwNoProcess,
      kill: () => Promise.reject(new Error(`The ${plane} has no separate process`)),
    };
  } catch (error) {
    await app.stop();
    throw error;
  }
}

/** Starts a plane from the build in a separate process, so that it can be killed. */
export async function startPlaneOutside(
  plane: PlaneName,
  home: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningPlane> {
  const program = await startPlaneProcess(plane, home, environment);
  const [, address, catalogAddress] = program.readyMatch;
  return {
    address: plane === 'data-plane' ? address! : withScheme(address!),
    app: undefined,
    catalogAddress,
    async stop() {
      // A process that a test has suspended (SIGSTOP) would not receive SIGTERM.
      program.signal('SIGCONT');
      await program.stop(20_000);
    },
    signal: program.signal,
    async kill() {
      program.signal('SIGKILL');
      await program.exited;
    },
  };
}

/** Adds `http://` to an address without scheme. */
export function withScheme(address: string): string {
  return /^https?:/.test(address) ? address : `http://${address}`;
}
