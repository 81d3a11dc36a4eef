import { BufferPool } from '../../common/files/buffer-pool';
import { loadRegistry } from '../../common/grpc/load-proto';
import { openPlaneSecurity } from '../../common/grpc/plane-security';
import { OperationsServer } from '../../common/http/operations-server';
import { type HostResolver, systemResolver } from '../../common/nodes/host-resolver';
import { NodeSet } from '../../common/nodes/node-set';
import { type Clock, systemClock } from '../../common/runtime/clock';
import type { App } from '../../common/runtime/lifecycle';
import { openFileLimit } from '../../common/runtime/open-file-limit';
import { createLogger, logBuild, type Logger } from '../../common/runtime/logger';
import type { Siblings } from '../../common/runtime/siblings';
import { TlsWatch } from '../../common/security/tls-watch';
import { createTracer } from '../../common/tracing/create-tracer';
import type { Tracer } from '../../common/tracing/tracer';
import type { EdgeConfig } from './config';
import { createDeliverBlob } from './delivery/deliver-blob';
import { DescriptorBudget } from './descriptors';
import { Offload } from './delivery/offload';
import { ByteConnections } from './registry/channel/byte-connections';
import { connectDataPlane, type DataPlaneConnection, type SilenceBounds } from './registry/grpc/data-plane';
import { DataPlaneRegistry } from './registry/grpc/data-plane-registry';
import { createDispatch } from './handlers/dispatch';
import { createGetBlob } from './handlers/get-blob';
import { createGetManifest } from './handlers/get-manifest';
import { createReadyz, healthz, readinessProblems } from './handlers/health';
import { createListReferrers } from './handlers/list-referrers';
import { createListRepositories } from './handlers/list-repositories';
import { createListTags } from './handlers/list-tags';
import { createMetrics } from './handlers/metrics';
import { createPing } from './handlers/ping';
import { refusePush } from './handlers/refuse-push';
import { createToken } from './handlers/token';
import { EdgeMetrics } from './metrics';
import type { RegistryReader } from './registry/registry-reader';
import { createChallenge } from './response/challenge';
import { createWriteError } from './response/write-error';
import { createSites } from './request/site';
import { createServe } from './serve';
import { HttpListener } from './server';

/** Dependencies that tests replace, and the processes beside this edge. */
export interface EdgeOverrides {
  /** Edges that share the port of this one; undefined means none. */
  readonly siblings?: Siblings | undefined;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly reader?: RegistryReader;
  /** Looks up host names of data planes. */
  readonly resolver?: HostResolver;
  /** Timeouts for detecting a data plane that hangs. */
  readonly silence?: SilenceBounds;
  readonly tracer?: Tracer;
}

/** An edge: {@link App} with the address of its operations server. */
export interface Edge extends App {
  /**
   * Address of the operations server as host:port or unix:path; undefined if there is none or it
   * has not started.
   */
  readonly metricsAddress: string | undefined;
}

/**
 * Time during which a stopping edge still accepts requests while /readyz already answers 503, in
 * milliseconds.
 */
const NOTICE_MS = 5_000;
/**
 * An edge whose /readyz was not requested for this long is not behind a load balancer that uses it.
 */
const PROBED_MS = 60_000;

/**
 * Creates an edge: the OCI distribution API over HTTP in front, gRPC to data planes behind. This is
 * the only place that names adapters. The edge also starts without a data plane and then answers
 * 503 until one is available. `start` resolves with host:port, or https://host:port.
 */
export function createEdge(config: EdgeConfig, overrides: EdgeOverrides = {}): Edge {
  const logger = overrides.logger ?? createLogger('edge-http', config.logLevel);
  logBuild(logger);
  const clock = overrides.clock ?? systemClock;
  const { siblings } = overrides;
  const tracer = overrides.tracer ?? createTracer(config.tracing, clock, logger.child({ part: 'traces' }));
  let nodes: NodeSet<DataPlaneConnection> | undefined;
  let dataPlanes: DataPlaneRegistry | undefined;
  const metrics = new EdgeMetrics({
    dataPlanes: () => nodes?.size ?? 0,
    unrecorded: () => dataPlanes?.unrecorded ?? 0,
  });
  const planes = openPlaneSecurity(config.planeSecurity, clock, logger.child({ part: 'planes' }));
  const tls = config.tls && new TlsWatch({ files: config.tls, clock, logger: logger.child({ part: 'tls' }) });
  /** As Clock.steady. */
  let readyzAskedAt = 0;
  const reader = overrides.reader ?? createReader();

  const descriptors = new DescriptorBudget(openFileLimit());
  const deliver = createDeliverBlob({
    reader,
    descriptors,
    metrics,
    buffers: new BufferPool(),
    clientIdleMs: config.clientIdleSeconds * 1000,
    resumeWithinMs: config.resumeSeconds * 1000,
    clock,
    offload: config.offload && new Offload(config.offload),
  });
  const dispatch = createDispatch({
    ping: createPing(reader),
    getManifest: createGetManifest(reader),
    getBlob: createGetBlob(reader, deliver),
    listTags: createListTags(reader),
    listRepositories: createListRepositories(reader),
    listReferrers: createListReferrers(reader),
    token: createToken(reader),
    refusePush,
    healthz,
    readyz: createReadyz(
      reader,
      () => listener.isDraining,
      () => (readyzAskedAt = clock.steady()),
      siblings,
    ),
    metrics: createMetrics(
      { expose: () => metrics.expose(siblings) },
      config.listen,
      config.metricsListen !== undefined,
    ),
  });
  const writeError = createWriteError(createChallenge(config.publicUrl), logger);
  const serve = createServe({
    dispatch,
    writeError,
    metrics,
    logger,
    clock,
    proxies: config.trustedProxies,
    siteOf: createSites(config.publicUrl, config.organizationHosts),
    tracer,
  });
  const listener = new HttpListener(config.listen, serve, tls, descriptors);
  const operations =
    config.metricsListen &&
    new OperationsServer({
      listen: config.metricsListen,
      registry: metrics.registry,
      unready,
      directMetrics: true,
      siblings,
      logger,
    });
  let metricsAddress: string | undefined;
  siblings?.onQuestion('metrics', async () => [await metrics.registry.metrics()]);
  siblings?.onQuestion('unready', unready);

  async function unready(): Promise<readonly string[]> {
    readyzAskedAt = clock.steady();
    return readinessProblems(reader, listener.isDraining);
  }

  function createReader(): RegistryReader {
    const Registry = loadRegistry();
    nodes = new NodeSet({
      addresses: config.dataPlanes,
      connect: (address) =>
        connectDataPlane(Registry, address, config.localDelivery, planes, {
          clock,
          tracer,
          silence: overrides.silence,
          bytes: new ByteConnections({ sockets: planes.sockets, clock, logger: logger.child({ part: 'bytes' }) }),
        }),
      resolve: overrides.resolver ?? systemResolver,
      clock,
      logger: logger.child({ part: 'nodes' }),
    });
    dataPlanes = new DataPlaneRegistry({
      nodes,
      clock,
      tracer,
      logger: logger.child({ part: 'records' }),
      readersPerNode: config.blobReadersPerNode,
      onRetry: () => metrics.nodeFailed('open'),
      onSpread: () => metrics.blobSpread(),
    });
    return dataPlanes;
  }

  let stopped: Promise<void> | undefined;
  async function stop(limitMs?: number): Promise<void> {
    const drainMs = Math.min(config.drainSeconds * 1000, limitMs ?? Infinity);
    const hasNotice = limitMs === undefined && clock.steady() - readyzAskedAt < PROBED_MS;
    await listener.stop(drainMs, hasNotice ? Math.min(NOTICE_MS, drainMs / 2) : 0);
    await reader.settle();
    reader.close();
    await tracer.stop();
    await operations?.stop();
    metrics.close();
    planes.close();
    tls?.stop();
    logger.info('The edge stopped');
  }
  return {
    get metricsAddress() {
      return metricsAddress;
    },
    async start() {
      for (const warning of config.warnings) logger.warn(warning);
      metricsAddress = await operations?.start();
      await reader.start();
      const address = await listener.start();
      logger.info(
        { ...(metricsAddress === undefined ? {} : { metricsAddress }), address },
        'The edge accepts requests',
      );
      return { address };
    },
    stop: (limitMs) => (stopped ??= stop(limitMs)),
  };
}
