import { createControlPlane } from '../../../control-plane/src/app';
import { readControlPlaneConfig } from '../../../control-plane/src/config';
import { createDataPlane } from '../../../data-plane/src/app';
import { readDataPlaneConfig } from '../../../data-plane/src/config';
import { createEdge } from '../../../edge-http/src/app';
import { readEdgeConfig } from '../../../edge-http/src/config';
import type { Clock } from '../../../common/runtime/clock';
import { homeAt } from '../../../common/runtime/home';
import type { Logger } from '../../../common/runtime/logger';
import { type GraphqlClient, graphqlClient } from './graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from './layover';
import { temporaryFolder } from './temporary-folder';

/** The three planes in the process of the test, over the same gRPC on unix sockets as in production. */
export interface InProcessLayover {
  readonly host: string;
  readonly url: string;
  readonly graphql: GraphqlClient;
  /** `http://host:port` of the control plane. */
  readonly controlUrl: string;
  /** Where the data plane and the edge answer /metrics, with LAYOVER_DATA_HTTP_LISTEN and LAYOVER_EDGE_METRICS_LISTEN; undefined otherwise. */
  readonly dataHttp: () => string | undefined;
  readonly edgeHttp: () => string | undefined;
  /** LAYOVER_HOME. */
  readonly home: string;
  /** Stops one plane; what the others do without it is the test's. */
  stopPlane(plane: 'edge' | 'data' | 'control'): Promise<void>;
  /** Stops all and removes the home. */
  stop(): Promise<void>;
}

/** Composes and starts the planes; quicker than {@link startLayover}, and without a process to kill. */
export async function startLayoverInProcess(
  options: {
    readonly env?: Readonly<Record<string, string>>;
    /** The data plane's time, where a test needs minutes to pass. */
    readonly dataClock?: Clock;
    /** Where each plane logs to, in place of nowhere. */
    readonly logger?: (plane: 'edge' | 'data' | 'control') => Logger;
  } = {},
): Promise<InProcessLayover> {
  const folder = await temporaryFolder('planes');
  const env = layoverEnvironment(folder.path, { LAYOVER_LOG_LEVEL: 'silent', ...options.env });
  const planes = {
    control: createControlPlane(readControlPlaneConfig(env), { log: options.logger?.('control') }),
    data: createDataPlane(readDataPlaneConfig(env), { clock: options.dataClock, logger: options.logger?.('data') }),
    edge: createEdge(readEdgeConfig(env), { logger: options.logger?.('edge') }),
  };
  const stop = async (): Promise<void> => {
    await planes.edge.stop();
    await planes.data.stop();
    await planes.control.stop();
    await folder.remove();
  };
  try {
    const control = withoutScheme((await planes.control.start()).address);
    await planes.data.start();
    const host = withoutScheme((await planes.edge.start()).address);
    return {
      host,
      url: `http://${host}`,
      graphql: graphqlClient(`http://${control}/graphql`, ADMIN_TOKEN),
      controlUrl: `http://${control}`,
      dataHttp: () => planes.data.httpAddress,
      edgeHttp: () => planes.edge.metricsAddress,
      home: folder.path,
      stopPlane: (plane) => planes[plane].stop(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One more edge with a data plane of its own: another machine of the same Layover. */
export interface InProcessNode {
  readonly host: string;
  readonly url: string;
  /** Stops both and removes their home. */
  stop(): Promise<void>;
}

/** Adds a node to a Layover: it shares the control plane, and nothing else. */
export async function startNodeInProcess(
  layover: InProcessLayover,
  env: Readonly<Record<string, string>> = {},
): Promise<InProcessNode> {
  const folder = await temporaryFolder('node');
  const environment = layoverEnvironment(folder.path, {
    LAYOVER_LOG_LEVEL: 'silent',
    LAYOVER_NODE_NAME: 'another-node',
    LAYOVER_CATALOG: `unix:${homeAt(layover.home).catalogSocket}`,
    ...env,
  });
  const data = createDataPlane(readDataPlaneConfig(environment));
  const edge = createEdge(readEdgeConfig(environment));
  const stop = async (): Promise<void> => {
    await edge.stop();
    await data.stop();
    await folder.remove();
  };
  try {
    await data.start();
    const host = withoutScheme((await edge.start()).address);
    return { host, url: `http://${host}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function withoutScheme(address: string): string {
  return address.replace(/^http:\/\//, '');
}
