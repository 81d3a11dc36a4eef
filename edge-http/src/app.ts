import { openPlaneSecurity } from '../../common/grpc/plane-security';
import { type Clock, systemClock } from '../../common/runtime/clock';
import type { App } from '../../common/runtime/lifecycle';
import { type Logger, createLogger } from '../../common/runtime/logger';
import { TlsWatch } from '../../common/security/tls-watch';
import type { EdgeConfig } from './config';
import { BufferPool } from './delivery/buffer-pool';
import { createDeliverBlob } from './delivery/deliver-blob';
import { DataPlaneRegistry } from './grpc/data-plane-registry';
import { DataPlanes } from './grpc/data-planes';
import { createDispatch } from './handlers/dispatch';
import { createGetBlob } from './handlers/get-blob';
import { createGetManifest } from './handlers/get-manifest';
import { healthz } from './handlers/healthz';
import { createListReferrers } from './handlers/list-referrers';
import { createListTags } from './handlers/list-tags';
import { createMetrics } from './handlers/metrics';
import { createPing } from './handlers/ping';
import { createReadyz } from './handlers/readyz';
import { refusePush } from './handlers/refuse-push';
import { createToken } from './handlers/token';
import { EdgeMetrics } from './metrics';
import type { RegistryReader } from './registry-reader';
import { createChallenge } from './response/challenge';
import { createWriteError } from './response/write-error';
import { createServe } from './serve';
import { HttpListener } from './server';

/** What tests put in place of the real things. */
export interface EdgeOverrides {
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly reader?: RegistryReader;
}

/**
 * The edge: OCI distribution over HTTP in front, gRPC to data planes behind. The only place that names adapters. It starts without a data plane
 * and answers 503 until one is there. `start` gives host:port, or https://host:port.
 */
export function createEdge(config: EdgeConfig, overrides: EdgeOverrides = {}): App {
  const logger = overrides.logger ?? createLogger('edge-http', config.logLevel);
  const clock = overrides.clock ?? systemClock;
  const metrics = new EdgeMetrics();
  const planes = openPlaneSecurity(config.planeSecurity, clock, logger.child({ part: 'planes' }));
  const tls = config.tls && new TlsWatch({ files: config.tls, clock, logger: logger.child({ part: 'tls' }) });
  const reader =
    overrides.reader ?? new DataPlaneRegistry(new DataPlanes(config.dataPlanes, config.localDelivery, planes), clock);

  const deliver = createDeliverBlob({
    reader,
    metrics,
    buffers: new BufferPool(),
    clientIdleMs: config.clientIdleSeconds * 1000,
  });
  const dispatch = createDispatch({
    ping: createPing(reader),
    getManifest: createGetManifest(reader),
    getBlob: createGetBlob(reader, deliver),
    listTags: createListTags(reader),
    listReferrers: createListReferrers(reader),
    token: createToken(reader),
    refusePush,
    healthz,
    readyz: createReadyz(reader, () => listener.isDraining),
    metrics: createMetrics(metrics),
  });
  const writeError = createWriteError(createChallenge(config.publicUrl), logger);
  const serve = createServe({ dispatch, writeError, metrics, logger, clock, proxies: config.trustedProxies });
  const listener = new HttpListener(config.listen, serve, tls);

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    await listener.stop(config.drainSeconds * 1000);
    reader.close();
    planes.close();
    tls?.stop();
    logger.info('stopped');
  }
  return {
    async start() {
      const address = await listener.start();
      logger.info({ address }, 'listening');
      return { address };
    },
    stop: () => (stopped ??= stop()),
  };
}
