import type { ControlPlane } from '../../../control-plane/src/app';
import type { DataPlane } from '../../../data-plane/src/app';
import type { Edge } from '../../../edge-http/src/app';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import { type GraphqlClient, graphqlClient } from './graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from './layover';
import { type RunningPlane, startPlaneInside, startPlaneOutside } from './start-plane';
import { temporaryFolder } from './temporary-folder';

/** Short names of the planes. */
export type InProcessPlane = 'edge' | 'data' | 'control';

/**
 * The three planes in the process of the test, connected by gRPC on unix sockets as in production.
 */
export interface InProcessLayover {
  /** Address of the edge: `127.0.0.1:<port>`. */
  readonly host: string;
  /** URL of the edge: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** The management API of the running control plane. Throws an Error if none runs. */
  readonly graphql: GraphqlClient;
  /** URL of the running control plane: `http://127.0.0.1:<port>`. */
  readonly controlUrl: string;
  /** Address of the running Catalog: `unix:<path>` or `host:port`. */
  readonly catalogAddress: string;
  /**
   * Returns the address at which the data plane serves /metrics, or undefined without
   * LAYOVER_DATA_HTTP_LISTEN.
   */
  readonly dataHttp: () => string | undefined;
  /**
   * Returns the address at which the edge serves /metrics, or undefined without
   * LAYOVER_EDGE_METRICS_LISTEN.
   */
  readonly edgeHttp: () => string | undefined;
  /** LAYOVER_HOME. */
  readonly home: string;
  /**
   * Starts a plane that was stopped, in the same home. A started edge or control plane has a new
   * port.
   */
  startPlane(plane: InProcessPlane): Promise<void>;
  /** Stops one plane; the others continue. Does nothing if the plane does not run. */
  stopPlane(plane: InProcessPlane): Promise<void>;
  /**
   * Sends SIGKILL to the control plane and waits for its end. Throws an Error without
   * `controlProcess`.
   */
  killControl(): Promise<void>;
  /** Stops all planes and keeps the home. */
  stopPlanes(): Promise<void>;
  /** Stops all planes and deletes the home. */
  stop(): Promise<void>;
}

/** How the planes are started. */
export interface InProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The clock of the data plane. */
  readonly dataClock?: Clock;
  /** Returns the free bytes of the disk of the data plane. Default: asks the file system. */
  readonly dataFreeBytes?: () => Promise<number>;
  /** The logger of each plane. Default: nothing is logged. */
  readonly logger?: (plane: InProcessPlane) => Logger;
  /** Receives what the control plane prints for the operator (the first admin token). */
  readonly announce?: (line: string) => void;
  /** If true, the control plane is a separate process from the build, so that it can be killed. */
  readonly controlProcess?: boolean;
}

/** Starts the planes. This is faster than {@link startLayover}. */
export async function startLayoverInProcess(options: InProcessOptions = {}): Promise<InProcessLayover> {
  const folder = await temporaryFolder('planes');
  const env = layoverEnvironment(folder.path, { LAYOVER_LOG_LEVEL: 'silent', ...options.env });
  const running: {
    control?: RunningPlane<ControlPlane> | RunningPlane;
    data?: RunningPlane<DataPlane>;
    edge?: RunningPlane<Edge>;
  } = {};
  const start: Readonly<Record<InProcessPlane, () => Promise<void>>> = {
    async control() {
      running.control = options.controlProcess
        ? await startPlaneOutside('control-plane', folder.path, { ...options.env, LAYOVER_LOG_LEVEL: 'info' })
        : await startPlaneInside('control-plane', env, {
            log: options.logger?.('control'),
            announce: options.announce,
          });
    },
    async data() {
      const overrides = {
        clock: options.dataClock,
        logger: options.logger?.('data'),
        freeBytes: options.dataFreeBytes,
      };
      running.data = await startPlaneInside('data-plane', env, overrides);
    },
    async edge() {
      running.edge = await startPlaneInside('edge-http', env, { logger: options.logger?.('edge') });
    },
  };
  const stopPlane = async (plane: InProcessPlane): Promise<void> => {
    const stopped = running[plane];
    delete running[plane];
    await stopped?.stop();
  };
  const stopPlanes = async (): Promise<void> => {
    for (const plane of ['edge', 'data', 'control'] as const) await stopPlane(plane);
  };
  const must = (plane: InProcessPlane): RunningPlane => {
    const found = running[plane];
    if (found === undefined) throw new Error(`The ${plane} plane is not running`);
    return found;
  };
  const stop = async (): Promise<void> => {
    await stopPlanes();
    await folder.remove();
  };
  try {
    await start.control();
    await start.data();
    await start.edge();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get url() {
      return must('edge').address;
    },
    get host() {
      return must('edge').address.replace(/^http:\/\//, '');
    },
    get graphql() {
      return graphqlClient(`${must('control').address}/graphql`, ADMIN_TOKEN);
    },
    get controlUrl() {
      return must('control').address;
    },
    get catalogAddress() {
      return must('control').catalogAddress!;
    },
    dataHttp: () => running.data?.app?.httpAddress,
    edgeHttp: () => running.edge?.app?.metricsAddress,
    home: folder.path,
    startPlane: (plane) => start[plane](),
    stopPlane,
    async killControl() {
      const killed = must('control');
      await killed.kill();
      delete running.control;
    },
    stopPlanes,
    stop,
  };
}

/** Another edge with its own data plane, like another machine of the same Layover. */
export interface InProcessNode {
  readonly host: string;
  readonly url: string;
  /** Stops both planes and deletes their home. */
  stop(): Promise<void>;
}

/** Adds a node to a Layover. The node shares only the control plane. */
export async function startNodeInProcess(
  layover: InProcessLayover,
  env: Readonly<Record<string, string>> = {},
): Promise<InProcessNode> {
  const folder = await temporaryFolder('node');
  const environment = layoverEnvironment(folder.path, {
    LAYOVER_LOG_LEVEL: 'silent',
    LAYOVER_NODE_NAME: 'another-node',
    LAYOVER_CATALOG: layover.catalogAddress,
    ...env,
  });
  const started: RunningPlane[] = [];
  const stop = async (): Promise<void> => {
    for (const plane of started.splice(0).reverse()) await plane.stop();
    await folder.remove();
  };
  try {
    started.push(await startPlaneInside('data-plane', environment));
    const edge = await startPlaneInside('edge-http', environment);
    started.push(edge);
    return { host: edge.address.replace(/^http:\/\//, ''), url: edge.address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
