import type { IncomingMessage, ServerResponse } from 'node:http';
import { catalogFormat } from '../../common/grpc/catalog-format';
import { loadCatalog } from '../../common/grpc/load-proto';
import { observeCalls } from '../../common/grpc/observe-calls';
import { openPlaneSecurity } from '../../common/grpc/plane-security';
import { type HostResolver, systemResolver } from '../../common/nodes/host-resolver';
import { type Clock, systemClock } from '../../common/runtime/clock';
import { CLOCK_TOLERANCE_MS, ClockWatch } from '../../common/runtime/clock-watch';
import { lockHome, type Unlock } from '../../common/runtime/home-lock';
import { type App, LOCK_WAIT_MS } from '../../common/runtime/lifecycle';
import { createLogger, logBuild, type Logger } from '../../common/runtime/logger';
import { CannotStartError } from '../../common/runtime/start-failure';
import { sumRepeats } from '../../common/runtime/sum-repeats';
import { AttemptThrottle } from '../../common/security/attempt-throttle';
import { loadOrCreateMasterKey } from '../../common/security/master-key';
import { SealedBox } from '../../common/security/sealed-box';
import { TlsWatch } from '../../common/security/tls-watch';
import { createTracer } from '../../common/tracing/create-tracer';
import type { ControlPlaneConfig } from './config';
import { bootstrapOrganizations } from './tenancy/configuration/bootstrap';
import { ConfigurationSource } from './tenancy/configuration/configuration-source';
import { ConfigurationFeed } from './catalog/configuration-feed';
import { identifyUpstreams } from './tenancy/configuration/identify-upstreams';
import { resealSecrets } from './tenancy/configuration/reseal-secrets';
import { InvalidationFeed } from './catalog/invalidation-feed';
import { GrpcContentKeeper } from './data-planes/grpc-content-keeper';
import { WatchedDataPlanes } from './data-planes/watched-data-planes';
import { Database } from './db/database';
import { DatabaseReadiness } from './db/database-readiness';
import { describeDatabaseProblem } from './db/start-problem';
import { ManagedContent } from './cache/management/managed-content';
import { GarbageCollector } from './cache/collection/garbage-collector';
import { Loaders } from './graphql/request/loaders';
import { buildGraphqlSchema } from './graphql/schema';
import { GraphqlEndpoint } from './graphql/graphql-endpoint';
import { RequestRate } from './graphql/limits/request-rate';
import { catalogHandlers } from './catalog/catalog-handlers';
import { CatalogServer } from './catalog/catalog-server';
import { WatchStreams } from './catalog/watch';
import { handleControlRequest } from './http/control-handler';
import { AuditExport } from './http/audit-export';
import { ClairWebhook } from './http/clair-webhook';
import { ControlServer } from './http/control-server';
import { pruneAuditEvents } from './maintenance/prune-audit-events';
import { pruneConfigurationChanges } from './maintenance/prune-configuration-changes';
import { pruneRecordedEvents } from './maintenance/prune-recorded-events';
import { rotateTokenKeys } from './maintenance/rotate-token-keys';
import { watchClock } from './maintenance/watch-clock';
import { Metrics } from './metrics';
import { OrganizationService } from './tenancy/organizations/organization.service';
import { AccountIdentities } from './tenancy/organizations/upstream-identities';
import { PullRecorder } from './cache/pulls/record-pulls';
import { createResolvers } from './resolvers';
import { ScanWaits } from './scan/queue/scan-waits';
import type * as scanningModule from './scan/worker/scanning';
import { createStores } from './stores';
import { ensureAdminToken } from './tenancy/tokens/admin-token';
import { Authenticator } from './tenancy/tokens/authenticate';
import { GuardedAuthenticator } from './tenancy/tokens/guarded-authenticator';
import { createGrpcUpstreamProbe } from './data-planes/grpc-upstream-probe';

/** Parts that tests replace. */
export interface ControlPlaneOverrides {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Shows the admin token if one was generated; the default is the stdout of the process. */
  readonly announce?: (line: string) => void;
  /** How long the start waits for another control plane in its home to end, in milliseconds. */
  readonly lockWaitMs?: number;
  /** Resolves the host names of data planes. */
  readonly resolver?: HostResolver;
}

/** The control plane: {@link App} with the address of its second server. */
export interface ControlPlane extends App {
  /**
   * The address of the Catalog for gRPC clients: `unix:<path>` or `host:port`. Throws an Error
   * before start has resolved.
   */
  readonly catalogAddress: string;
}

/**
 * Creates a control plane. It is the composition root: opens the database, connects stores,
 * services and resolvers, and serves GraphQL over HTTP and the Catalog over gRPC. `start` resolves
 * with the URL of the HTTP server. It rejects with a CannotStartError if the database cannot be
 * used.
 */
export function createControlPlane(config: ControlPlaneConfig, overrides: ControlPlaneOverrides = {}): ControlPlane {
  const clock = overrides.clock ?? systemClock;
  const log = overrides.log ?? createLogger('control-plane', config.logLevel);
  logBuild(log);
  const announce = overrides.announce ?? ((line: string) => void process.stdout.write(`${line}\n`));
  let running: RunningPlane | undefined;
  let { drainMs } = config;
  let stopping: Promise<void> | undefined;

  return {
    async start() {
      for (const warning of config.warnings) log.warn(warning);
      running = await startPlane({
        ...{ config, clock, log, announce },
        resolve: overrides.resolver ?? systemResolver,
        lockWaitMs: overrides.lockWaitMs ?? LOCK_WAIT_MS,
        drainMs: () => drainMs,
      });
      return { address: running.address };
    },
    get catalogAddress() {
      if (running === undefined) throw new Error('The control plane has not started.');
      return running.catalogAddress;
    },
    stop(limitMs = config.drainMs) {
      stopping ??= (async () => {
        drainMs = Math.min(config.drainMs, limitMs);
        await running?.stop();
        log.info('The control plane stopped');
      })();
      return stopping;
    },
  };
}

interface RunningPlane {
  readonly address: string;
  readonly catalogAddress: string;
  readonly stop: () => Promise<void>;
}

interface PlaneParts {
  readonly config: ControlPlaneConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly announce: (line: string) => void;
  readonly resolve: HostResolver;
  readonly lockWaitMs: number;
  /** Returns how long running requests may take to end, in milliseconds. */
  readonly drainMs: () => number;
}

async function startPlane(parts: PlaneParts): Promise<RunningPlane> {
  const { config, clock, log, announce, resolve, lockWaitMs, drainMs } = parts;
  // Released in reverse order, also if the start fails halfway.
  const releases: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const release of releases.splice(0).reverse()) await release();
  };
  try {
    // Several control planes can share a database server, but not a file.
    if (config.database.dialect === 'sqlite') releases.push(await lockDatabaseHome(config, log, lockWaitMs));
    const masterKey = config.masterKey ?? loadOrCreateMasterKey(config.home.masterKey);
    const box = new SealedBox('upstream-credentials', masterKey, config.previousMasterKeys);
    const database = Database.open(config.database, log, { connections: config.databasePool });
    releases.push(() => database.close());
    // The variables that these functions read are set before the server of the metrics starts.
    const metrics = new Metrics(
      () => watch.size,
      () => feed.position?.revision ?? 0,
      () => database.poolUse(),
    );
    releases.push(() => Promise.resolve(metrics.close()));
    database.watch((failed, seconds) => metrics.queried(failed, seconds));
    await database.migrate();

    const tokenKeyBox = new SealedBox('token-keys', masterKey, config.previousMasterKeys);
    const stores = createStores(tokenKeyBox, config.forced, {
      hasClair: config.scan !== undefined,
      onAudited: (kinds) => metrics.audited(kinds),
    });
    const { revision, tokenKeys, settings } = stores;
    const clockWatch = new ClockWatch(clock, log.child({ part: 'clock' }));
    clockWatch.begin(await stores.audit.latest(database.reader, clock.now() + CLOCK_TOLERANCE_MS));
    releases.push(watchClock(database, clockWatch, clock, log.child({ part: 'clock' })));
    metrics.watchClock(() => clockWatch.isTrusted());
    const content = new ManagedContent({ database, stores, clock });
    const identities = new AccountIdentities(masterKey);
    const organizationService = new OrganizationService({ ...stores, content, database, box, identities, clock });
    await resealSecrets({ ...stores, database, box, log, ignoreUnreadable: config.ignoreUnreadableSecrets });
    await identifyUpstreams({ ...stores, content, database, box, identities, clock });
    await database.transaction(async (queries) => {
      // All control planes lock this row first; otherwise two that start at once would create two
      // keys.
      await settings.lock(queries);
      if (await tokenKeys.ensure(queries, clock.now())) await revision.bump(queries, 'shared');
    });
    if (await settings.isFirstStart(database.reader)) {
      if (config.bootstrap) await bootstrapOrganizations(organizationService);
      await database.transaction((queries) => settings.firstStartDone(queries, clock.now()));
    }
    const file = config.home.adminToken;
    await ensureAdminToken({ database, tokens: stores.tokens, clock, configured: config.adminToken, file, announce });

    const source = new ConfigurationSource({ ...stores, database, forced: config.forced, box, log });
    const feed = new ConfigurationFeed({ source, revision, format: catalogFormat(), clock, log });
    releases.push(() => feed.stop());
    await feed.start();
    const forgetting = new InvalidationFeed({ queries: database.reader, ...stores, clock, log });
    releases.push(() => forgetting.stop());
    await forgetting.start();
    const watch = new WatchStreams(feed, forgetting, clock, log);
    releases.push(pruneConfigurationChanges(database, revision, clock, log));
    releases.push(pruneRecordedEvents({ ...stores, database, clock, clockWatch, log }));
    releases.push(pruneAuditEvents({ ...stores, database, clock, clockWatch, log }, config.auditRetentionMs));
    releases.push(rotateTokenKeys({ ...stores, database, clock, log }));

    const planes = openPlaneSecurity(config.planeSecurity, clock, log.child({ part: 'planes' }));
    releases.push(() => Promise.resolve(planes.close()));
    planes.check(config.dataPlanes);
    const dataPlanes = new WatchedDataPlanes({
      addresses: config.dataPlanes,
      security: planes,
      resolve,
      clock,
      log: log.child({ part: 'data-planes' }),
    });
    releases.push(() => Promise.resolve(dataPlanes.close()));
    void dataPlanes.start();
    const probe = createGrpcUpstreamProbe({ dataPlanes, clock, log });
    const keeper = new GrpcContentKeeper(dataPlanes, clock, log);
    const { forced } = config;
    const collector = new GarbageCollector({
      database,
      stores,
      keeper,
      clock,
      log,
      graceMs: config.garbage.graceMs,
      isClockTrusted: () => clockWatch.isTrusted(),
      onRound: (collected, seconds) => metrics.collected(collected, seconds),
    });
    releases.push(collector.start(config.garbage.everyMs));
    const scanLog = sumRepeats(log.child({ part: 'scan' }), clock);
    const scanning = config.scan && createScanning({ database, stores, config: config.scan, clock, log: scanLog });
    if (scanning !== undefined) releases.push(scanning.start());
    const pokeScanning = (): void => scanning?.worker.poke();
    const resolvers = createResolvers({
      ...stores,
      stores,
      database,
      clock,
      forced,
      organizationService,
      quotas: content,
      probe,
      collector,
      pokeScanning,
    });
    const graphql = new GraphqlEndpoint(buildGraphqlSchema(resolvers), log, config.graphql);
    await graphql.start();
    releases.push(() => graphql.stop());

    const tracer = createTracer(config.tracing, clock, log.child({ part: 'traces' }));
    releases.push(() => tracer.stop());
    const repeating = sumRepeats(log, clock);
    const recorder = new PullRecorder({ ...stores, database, stores, clock, log: repeating });
    const waits = new ScanWaits(database.reader, clock, scanLog);
    const catalog = new CatalogServer(
      config.catalogListen,
      planes.toServe(config.catalogListen),
      observeCalls(
        loadCatalog().service,
        catalogHandlers({ database, stores, recorder, watch, waits, pokeScanning, clock, metrics, log: repeating }),
        { tracer, onEnd: (end) => log.debug(end, 'A Catalog call was answered') },
      ),
    );
    releases.push(() => catalog.stop(drainMs()));
    releases.push(() => Promise.resolve(watch.endAll()));
    releases.push(() => Promise.resolve(waits.endAll()));
    const catalogAddress = await catalog.start();

    const authenticator = new GuardedAuthenticator(
      new Authenticator(database, stores.tokens, clock),
      new AttemptThrottle(clock),
      clock,
    );
    const rate = new RequestRate(config.graphql.requestsPerSecond, clock);
    const auditExport = new AuditExport({ queries: database.reader, audit: stores.audit, clock, log });
    const webhookToken = config.scan?.webhookToken;
    const clairWebhook =
      webhookToken === undefined ? undefined : new ClairWebhook({ database, token: webhookToken, clock });
    const readiness = new DatabaseReadiness({ database, clock, log });
    releases.push(readiness.start());
    let accepting = true;
    const tls =
      config.controlTls && new TlsWatch({ files: config.controlTls, clock, logger: log.child({ part: 'tls' }) });
    releases.push(() => Promise.resolve(tls?.stop()));
    const handle = (request: IncomingMessage, response: ServerResponse): Promise<void> =>
      handleControlRequest(
        {
          graphql,
          auditExport,
          clairWebhook,
          authenticate: async ({ headers, socket }) => {
            const viewer = await authenticator.authenticate(headers.authorization, socket.remoteAddress ?? '');
            rate.admit(viewer.id);
            return viewer;
          },
          contextFor: (viewer) => ({ viewer, loaders: new Loaders(database.reader, stores) }),
          unready: () =>
            accepting ? readiness.whyUnready() : Promise.resolve('draining: this control plane is stopping'),
          metrics,
          log,
        },
        request,
        response,
      );
    const server = new ControlServer(config.controlListen, handle, tls);
    releases.push(() => {
      accepting = false;
      return server.stop(drainMs());
    });
    const address = await server.start();
    log.info({ address, catalogAddress, database: config.database.dialect }, 'The control plane accepts requests');
    return { address, catalogAddress, stop };
  } catch (error) {
    await stop();
    const problem = describeDatabaseProblem(config.database, error);
    throw problem === undefined ? error : new CannotStartError(problem, { cause: error });
  }
}

/** Loads the code of scanning on demand: it takes 8 MB, and few installations scan. */
function createScanning(parts: scanningModule.ScanningParts): scanningModule.Scanning {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded on demand
  const { Scanning } = require('./scan/worker/scanning') as typeof scanningModule;
  return new Scanning(parts);
}

function lockDatabaseHome({ home }: ControlPlaneConfig, log: Logger, waitMs: number): Promise<Unlock> {
  const warn = (text: string): void => log.warn(text);
  return lockHome(home, { user: 'control plane', waitMs, onWait: warn, onUnlocked: warn });
}
