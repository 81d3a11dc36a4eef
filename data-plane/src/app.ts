import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FairQueue } from '../../common/async/fair-queue';
import { WaitingPlaces } from '../../common/async/waiting-places';
import { isLayoverError } from '../../common/errors/layover-error';
import type { Digest } from '../../common/oci/digest';
import { loadNode } from '../../common/grpc/load-proto';
import { openPlaneSecurity, type PlaneSecurity } from '../../common/grpc/plane-security';
import { type HostResolver, systemResolver } from '../../common/nodes/host-resolver';
import { NodeSet } from '../../common/nodes/node-set';
import { type Clock, systemClock } from '../../common/runtime/clock';
import { lockHome, type Unlock } from '../../common/runtime/home-lock';
import { type App, LOCK_WAIT_MS } from '../../common/runtime/lifecycle';
import { formatGrpcAddress, type ListenAddress } from '../../common/runtime/listen-address';
import { createLogger, logBuild, type Logger } from '../../common/runtime/logger';
import { openFileLimit } from '../../common/runtime/open-file-limit';
import type { Siblings } from '../../common/runtime/siblings';
import { sumRepeats } from '../../common/runtime/sum-repeats';
import { AttemptThrottle } from '../../common/security/attempt-throttle';
import { loadOrCreateMasterKey } from '../../common/security/master-key';
import { SealedBox } from '../../common/security/sealed-box';
import { createTracer } from '../../common/tracing/create-tracer';
import type { Tracer } from '../../common/tracing/tracer';
import { Access } from './access/access';
import { ListAccess } from './access/list-access';
import { PullTokens } from './access/pull-tokens';
import { RobotLogins } from './access/robot-logins';
import type { BlobStore } from './store/blob-store';
import { ByteListener } from './channel/byte-listener';
import { type CatalogClient, createCatalogClient, whenConnected } from './catalog/catalog-client';
import { createKnowledge } from './known/catalog-knowledge';
import { createGrpcCatalog } from './catalog/grpc-catalog';
import { createGrpcConfigurationHead } from './catalog/grpc-configuration-head';
import { createGrpcConfigurationWatch } from './catalog/grpc-configuration-watch';
import { createGrpcBlobJudge } from './catalog/grpc-blob-judge';
import { createGrpcImageJudge } from './catalog/grpc-image-judge';
import { createGrpcPullRecorder } from './catalog/grpc-pull-recorder';
import { createGrpcRecordCodec } from './catalog/grpc-record-codec';
import { createGrpcUseReport } from './catalog/grpc-use-report';
import { createSnapshotCodec } from './catalog/snapshot-codec';
import { ArtifactCompletion } from './manifests/images/artifacts';
import { type CompleteBlob, Completion } from './manifests/images/completion';
import type { DataPlaneConfig } from './config';
import type { ConfigurationSnapshot } from './configuration/configuration';
import { NewestConfiguration } from './configuration/newest-configuration';
import { SnapshotFile } from './configuration/snapshot-file';
import { createConfiguration, type LiveConfiguration } from './configuration/watched-configuration';
import { createFills } from './blobs/fills/create-fills';
import { HashThread } from './blobs/fills/hash/hash-thread';
import { DEFAULT_FILL_LIMITS, type FillLimits } from './blobs/fills/fill-limits';
import { FillRoom } from './blobs/fills/room/fill-room';
import type { Spool } from './blobs/fills/spool';
import { ImageFiller } from './manifests/images/image-filler';
import { BlobGate } from './manifests/gate/blob-gate';
import { ImageGate } from './manifests/gate/image-gate';
import { registryMethods } from './grpc/registry/registry-handlers';
import { nodeHandlers } from './grpc/node-handlers';
import { createRegistryServer } from './grpc/server';
import { storageHandlers } from './grpc/storage/storage-handlers';
import { fetchArtifacts } from './manifests/fetch-artifacts';
import { ReferrersList } from './manifests/list-referrers';
import { RepositoryList } from './manifests/list-repositories';
import { UPSTREAM_LISTS_AT_ONCE, TagList } from './manifests/list-tags';
import { PageTokens } from './manifests/page-tokens';
import { createLocalIndex } from './known/index/durable-local-index';
import { ManifestContents } from './manifests/content/manifest-contents';
import { ManifestKeeper } from './manifests/manifest-keeper';
import { EdgeAnswers } from './manifests/edge-answers';
import { ManifestService } from './manifests/manifest-service';
import { DigestResolver } from './manifests/resolve-digest';
import { TagManifestResolver } from './manifests/resolve-tag';
import { TagChecker } from './manifests/tag-checker';
import { TagHints } from './manifests/tag-hints';
import { DataPlaneMetrics } from './monitoring/metrics';
import { completeAtOwner } from './cluster/complete-at-owner';
import { copyReferrers } from './cluster/copy-referrers';
import { loadOrCreateNodeId } from './cluster/node-id';
import { connectPeer, type Peer } from './cluster/peers';
import { createCallObserver, createCallWatch, measuredHandlers } from './monitoring/measured-handlers';
import { measuredJournal } from './monitoring/measured-journal';
import { measuredUpstream } from './monitoring/measured-upstream';
import { diskOf, noteAge, noteDisk, noteJournal, whyUnready } from './monitoring/readiness';
import { startOperations } from './monitoring/start-operations';
import { BlobAccess } from './blobs/blob-access';
import { BlobService } from './blobs/blob-service';
import { RangeProver } from './blobs/prove-by-ranges';
import { ProofRecorder } from './blobs/record-proofs';
import { MissingBlobs } from './blobs/missing-blobs';
import { BlobRedirects } from './blobs/blob-redirects';
import { DirectRanges } from './blobs/direct-ranges';
import { PassThrough } from './blobs/pass-through';
import { RefusalSums } from './journal/refusal-sums';
import { UpstreamReporter } from './journal/upstream-reporter';
import { createPullJournal } from './journal/durable-pull-journal';
import { createJournalDelivery } from './journal/journal-delivery';
import { StoredBlobs } from './store/guard/stored-blobs';
import { CheckState } from './store/maintenance/check-state';
import { Scrub } from './store/maintenance/scrub';
import { DiskAccount, freeBytesAt } from './store/room/disk-account';
import type { GcsLimits } from './store/gcs/limits';
import type { SignUrl } from './store/gcs/sign-url';
import { openBlobStore } from './open-blob-store';
import { planDescriptors } from './descriptors';
import { withinOpenFiles } from './store/room/within-open-files';
import { readTrustedAuthorities } from '../../common/security/trusted-authorities';
import { createUpstreamProber } from './upstream/probe/create-upstream-prober';
import { createUpstreamRegistry } from './upstream/client/create-upstream-registry';
import type { Resolver, UpstreamOptions } from './upstream/options';
import { ContentUses } from './store/uses/content-uses';
import { UseReporter } from './store/uses/use-reporter';

/** Replacements of dependencies, for tests, and the processes beside this data plane. */
export interface DataPlaneOverrides {
  /** Other data planes of the same `npm start`; undefined means none. */
  readonly siblings?: Siblings | undefined;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** How long the start waits for another data plane in its home to end, in milliseconds. */
  readonly lockWaitMs?: number;
  /** Resolves the names of upstreams. */
  readonly resolver?: Resolver;
  /** Resolves the names of data planes. */
  readonly peerResolver?: HostResolver;
  /** Wraps the blob store, for example to simulate a full disk. */
  readonly wrapStore?: (store: BlobStore) => BlobStore;
  /** Limits of the bucket, if blobs are stored in one. */
  readonly bucketLimits?: Partial<GcsLimits>;
  /** Signs URLs of the objects in the bucket. */
  readonly signUrl?: SignUrl;
  readonly spool?: Spool;
  /** Returns the free bytes of the disk with the spool. */
  readonly freeBytes?: () => Promise<number>;
  readonly fillLimits?: Partial<FillLimits>;
  readonly tracer?: Tracer;
}

/** A data plane: {@link App} with the address of its second server. */
export interface DataPlane extends App {
  /**
   * The address that serves /metrics, /healthz and /readyz, as host:port or unix:path; undefined if
   * it is not configured or not started yet.
   */
  readonly httpAddress: string | undefined;
}

/**
 * Time that the records of the last requests have to reach the control plane, in milliseconds. The
 * rest is delivered after the next start.
 */
const FLUSH_MS = 5_000;
/**
 * Longest wait for a file while as many are open as the limit allows, in milliseconds. Clients give
 * up after 30 s without a head.
 */
const OPEN_FILE_WAIT_MS = 25_000;

/**
 * Age of the oldest undelivered record from which on nothing is deleted, in milliseconds. New
 * content is protected for twice as long.
 */
const BEHIND_MS = 5_000;

/**
 * Creates a data plane. This is the composition root, to be read from top to bottom. `start` makes
 * all parts ready in dependency order, waits a little for a configuration, and then accepts
 * requests (with NOT_READY while there is none). `stop` releases the parts in reverse order.
 */
export function createDataPlane(config: DataPlaneConfig, overrides: DataPlaneOverrides = {}): DataPlane {
  const clock = overrides.clock ?? systemClock;
  const logger = overrides.logger ?? createLogger('data-plane', config.logLevel);
  logBuild(logger);
  /** Functions that release the parts, in the order in which the parts became ready. */
  const closers: (() => Promise<unknown> | void)[] = [];
  let starting: Promise<{ readonly address: string }> | undefined;
  let stopping: Promise<void> | undefined;
  let drainUntil = 0;
  let httpAddress: string | undefined;
  let unlock: Unlock | undefined;
  const tracer = overrides.tracer ?? createTracer(config.tracing, clock, logger.child({ part: 'traces' }));
  const drainLeft = (): number => Math.max(0, drainUntil - clock.steady());

  async function start(): Promise<{ readonly address: string }> {
    for (const warning of config.warnings) logger.warn(warning);
    // Before anything in the home is touched.
    unlock = await lockHome(config.home, {
      user: 'data plane',
      waitMs: overrides.lockWaitMs ?? LOCK_WAIT_MS,
      onWait: (text) => logger.warn(text),
      onUnlocked: (text) => logger.warn(text),
    });
    const metrics = new DataPlaneMetrics();
    closers.push(() => metrics.close());
    closers.push(() => tracer.stop());
    let isServing = false;
    const folders = {
      spool: config.home.spool,
      store: config.bucket === undefined ? config.blobFolder : config.home.copies,
    };
    const unready = (): Promise<readonly string[]> =>
      whyUnready(folders, clock, {
        isDraining: drainUntil > 0,
        hasConfiguration: hasConfiguration(configuration),
        isServing,
      });
    const masterKey = config.masterKey ?? loadOrCreateMasterKey(config.home.masterKey);
    const planes = openPlaneSecurity(config.planeSecurity, clock, logger.child({ part: 'planes' }));
    closers.push(() => planes.close());
    const nodeId = await loadOrCreateNodeId(config.home.nodeId);
    const plan = planDescriptors(openFileLimit());
    const files = new WaitingPlaces(plan.reads, OPEN_FILE_WAIT_MS, clock);
    const upstreamOptions: UpstreamOptions = {
      allowedNetworks: config.allowedNetworks,
      proxy: config.proxy,
      authorities: readTrustedAuthorities(config.authorities, ({ path, reason }) =>
        logger.warn({ path, reason }, 'Certificates of authorities are left out'),
      ),
      timeouts: config.upstream,
      connectionsPerOrigin: Math.min(config.upstream.connectionsPerOrigin, plan.connectionsPerOrigin),
      resolver: overrides.resolver,
      clock,
      logger: logger.child({ part: 'upstream' }),
      hopId: nodeId,
    };
    const upstream = measuredUpstream(createUpstreamRegistry(upstreamOptions), metrics, tracer, clock);
    closers.push(() => upstream.close());

    const durable = await createPullJournal({
      directory: config.home.journal,
      codec: createGrpcRecordCodec(),
      clock,
      logger: logger.child({ part: 'journal' }),
    });
    closers.push(() => durable.close());
    const journal = measuredJournal(durable, metrics);

    const account = new DiskAccount({
      readFree: overrides.freeBytes ?? freeBytesAt(config.home.spool),
      reserveBytes: config.diskReserveBytes,
      clock,
    });
    const storeLogger = logger.child({ part: 'store' });
    const checkState = await CheckState.open({ path: config.home.blobChecks, clock, logger: storeLogger });
    closers.push(() => checkState.close());
    const onDoubt = (digest: Digest): void => stored.doubt(digest);
    const opened = await openBlobStore(config, overrides, { account, clock, onDoubt, logger: storeLogger });
    closers.push(() => opened.close());
    const uses = new ContentUses(clock, () => durable.depth().oldestMs > BEHIND_MS);
    const stored = new StoredBlobs({
      store: withinOpenFiles(overrides.wrapStore?.(opened.store) ?? opened.store, files),
      uses,
      links: opened.links,
      isSuspect: (digest) => checkState.isSuspect(digest),
      onDamaged: () => metrics.damagedBlobs.inc(),
      logger: logger.child({ part: 'blobs' }),
      clock,
    });
    closers.push(() => stored.stop());
    const scrub =
      config.checks &&
      new Scrub({
        ...config.checks,
        ...{ files: opened.files, stored, state: checkState, clock, logger: storeLogger },
      });
    closers.push(() => scrub?.stop());
    const index = await createLocalIndex({
      directory: config.home.index,
      clock,
      logger: logger.child({ part: 'index' }),
    });
    closers.push(() => index.close());

    const toCatalog = planes.toReach('control-plane', config.catalog);
    const connectCatalog = (): CatalogClient => createCatalogClient(config.catalog, toCatalog, tracer);
    const client = connectCatalog();
    closers.push(() => client.close());
    const catalog = createGrpcCatalog({ client, clock });
    const knowledge = createKnowledge({
      index,
      catalog,
      journal: durable,
      uses,
      clock,
      logger: logger.child({ part: 'knowledge' }),
    });
    const proofs = new ProofRecorder({ knowledge, journal, clock });
    stored.whenRemoved((digest) => {
      knowledge.forgetProofsOf(digest);
      proofs.forgetReports(digest);
    });
    const prover = new RangeProver({
      ...{ upstream, stored, journal, masterKey, clock },
      logger: logger.child({ part: 'proofs' }),
    });
    const { perUpstream } = config.fills;
    const fillLimits = {
      ...DEFAULT_FILL_LIMITS,
      ...config.fills,
      perOwner: perUpstream,
      inAll: Math.min(DEFAULT_FILL_LIMITS.inAll, plan.fills),
      backgroundInAll: Math.min(DEFAULT_FILL_LIMITS.backgroundInAll, Math.ceil(plan.fills / 4)),
      ...overrides.fillLimits,
    };
    const hashes = hashThread(clock, logger);
    closers.push(() => hashes?.close());
    const fills = createFills({
      stored,
      uses,
      ...(hashes && { hashes }),
      spoolDirectory: config.home.spool,
      ...(overrides.spool && { spool: overrides.spool }),
      room: new FillRoom({ account, makeRoom: opened.makeRoom, clock }),
      limits: fillLimits,
      clock,
      logger: sumRepeats(logger.child({ part: 'fills' }), clock),
      tracer,
      onOver: (outcome, seconds) => metrics.filled(outcome, seconds),
      onProven: (blob) => proofs.provenByFill(blob),
      onFilled: (blob) => proofs.arrived(blob),
    });
    await fills.cleanSpool();
    const delivery = createJournalDelivery({
      journal: durable,
      recorder: createGrpcPullRecorder(client),
      clock,
      logger: logger.child({ part: 'delivery' }),
    });
    closers.push(() => delivery.stop());
    const useReporter = new UseReporter({
      uses,
      report: createGrpcUseReport(client, config.nodeName),
      clock,
      logger: logger.child({ part: 'uses' }),
    });
    closers.push(() => useReporter.stop());
    const configuration = createConfiguration({
      watch: createGrpcConfigurationWatch(connectCatalog, config.nodeName),
      codec: createSnapshotCodec(),
      file: new SnapshotFile(
        config.home.snapshot,
        new SealedBox('configuration-snapshot', masterKey, config.previousMasterKeys),
      ),
      clock,
      logger: logger.child({ part: 'configuration' }),
      forget: (...what) => knowledge.forget(...what),
      forgetProofs: (isGone) => knowledge.forgetProofs(isGone),
      onConnected: () => {
        knowledge.doubt();
        whenConnected(client, () => delivery.retryNow());
      },
    });
    closers.push(() => configuration.stop());
    closers.push(() => delivery.flush(Math.min(FLUSH_MS, Math.max(drainLeft(), 1000))));

    const tokens = new PullTokens(clock);
    const refusals = new RefusalSums(journal, clock);
    closers.push(() => refusals.settle());
    const newest = new NewestConfiguration({ configuration, head: createGrpcConfigurationHead(client, clock), clock });
    const readNewest = (): Promise<ConfigurationSnapshot> => newest.read();
    const logins = new RobotLogins(
      new AttemptThrottle(clock),
      clock,
      (failure) => refusals.loginFailed(failure),
      readNewest,
    );
    const checks = { tokens, logins, newest: readNewest };
    const access = new Access(configuration, checks, nodeId, config.anonymousMaxAgeMs);
    const reporter = new UpstreamReporter(upstream, journal, clock, logger.child({ part: 'reports' }));
    closers.push(() => reporter.stop());
    closers.push(() => fills.stop(drainLeft()));
    const identity = {
      nodeId,
      instance: randomUUID(),
      nodeName: config.nodeName,
    };
    const peers = config.dataPlanes.length === 0 ? undefined : createPeers(planes);
    const { links } = opened;
    const passThrough = new PassThrough({
      clock,
      logger: logger.child({ part: 'fills' }),
      limits: fillLimits,
      onPassed: () => metrics.passedThrough.inc(),
    });
    const blobs = new BlobService({
      access,
      blobAccess: new BlobAccess({ knowledge, upstream, stored, prover, proofs }),
      gate: new BlobGate({ judge: createGrpcBlobJudge(client, clock), configuration, clock }),
      upstream,
      stored,
      fills,
      files,
      passThrough,
      direct: new DirectRanges({ upstream, journal, clock, logger: logger.child({ part: 'ranges' }) }),
      uses,
      journal,
      missing: new MissingBlobs(journal, clock, () => delivery.hurry()),
      reporter,
      redirects: links && new BlobRedirects({ stored, uses, fills, lifetimeMs: links.lifetimeMs }),
      elsewhere:
        peers &&
        completeAtOwner({
          peers,
          instance: identity.instance,
          timeoutMs: config.fills.maxFillSeconds * 1000,
        }),
    });
    // While a blob waits for its completion, the organization may be switched off or deleted.
    const complete: CompleteBlob = async (target, blob, urgent) => blobs.complete(access.inForce(target), blob, urgent);
    const completion = new Completion(
      complete,
      config.completion,
      clock,
      sumRepeats(logger.child({ part: 'completion' }), clock),
    );
    const gate = new ImageGate({
      judge: createGrpcImageJudge(client, clock),
      filler: new ImageFiller(complete, () => delivery.hurry()),
      completion,
      configuration,
      clock,
    });
    const contents = new ManifestContents(stored, config.manifestMemoryBytes, uses);
    const keeper = new ManifestKeeper(upstream, contents, knowledge, clock);
    const hints = new TagHints(clock);
    const checker = new TagChecker(upstream, clock);
    const tags = new TagManifestResolver({ knowledge, contents, keeper, checker, hints, clock });
    const digests = new DigestResolver({ knowledge, contents, keeper, hints, upstream });
    const turns = new FairQueue(UPSTREAM_LISTS_AT_ONCE.inAll, UPSTREAM_LISTS_AT_ONCE.perOrganization);
    const lists = { access, upstream, knowledge, reporter, pageTokens: new PageTokens(configuration), clock, turns };
    const copy =
      peers && copyReferrers({ peers, instance: identity.instance, clock, logger: logger.child({ part: 'peers' }) });
    const referrers = new ReferrersList(lists, copy);
    const artifacts = new ArtifactCompletion(
      (target, subject) => fetchArtifacts({ access, referrers, tags, digests, completion, knowledge }, target, subject),
      config.artifactDelayMs,
      clock,
      sumRepeats(logger.child({ part: 'completion' }), clock),
    );
    const manifests = new ManifestService({
      access,
      tags,
      digests,
      gate,
      completion: artifacts.following(completion),
      journal,
      refusals,
      reporter,
      clock,
    });

    const observer = createCallObserver(metrics, tracer, logger.child({ part: 'calls' }));
    const channel = config.bytesListen && createByteListener(config.bytesListen, planes, plan.channels);
    const registry = registryMethods({
      manifests,
      edgeAnswers: new EdgeAnswers(access, journal, clock),
      blobs,
      tags: new TagList(lists),
      repositories: new RepositoryList(new ListAccess(configuration, checks, config.anonymousMaxAgeMs), catalog),
      referrers,
      configuration,
      checks,
      watch: createCallWatch(observer),
      channel,
      isShared: opened.isShared,
      expectReaders: opened.expectReaders,
      clock,
      logger: sumRepeats(logger.child({ part: 'grpc' }), clock),
    });
    const prober = createUpstreamProber(upstreamOptions);
    const storage = storageHandlers({
      prober,
      stored,
      journal: durable,
      uses,
      clock,
      logger: logger.child({ part: 'storage' }),
    });
    const node = nodeHandlers({
      access,
      blobs,
      knowledge,
      clock,
      identity,
      logger: sumRepeats(logger.child({ part: 'node' }), clock),
    });
    const server = createRegistryServer({
      registry: measuredHandlers(registry.handlers, observer),
      onDrain: () => registry.calls.drain(),
      storage,
      node,
      listen: config.listen,
      credentials: planes.toServe(config.listen),
      clock,
    });
    // Calls whose bytes are being sent end before their connections are closed.
    closers.push(() => channel?.stop());
    closers.push(() => server.stop(drainLeft()));
    closers.push(() => peers?.close());
    closers.push(() => completion.stop());
    closers.push(() => artifacts.stop());

    delivery.start();
    useReporter.start();
    scrub?.start();
    const stopListening = configuration.onChange(() => server.setServing(true));
    closers.push(stopListening);
    const { copiesBytes } = opened;
    const operationsParts = {
      metrics,
      unready,
      notes: async () => [
        ...(hasConfiguration(configuration) ? noteAge(configuration, config.anonymousMaxAgeMs) : []),
        ...noteJournal(durable.condition().failure),
        ...noteDisk(await diskOf(config.home.spool, clock), config.diskReserveBytes),
      ],
      configuration,
      journal: durable,
      fills,
      scrub,
      copiesBytes,
      channel,
      siblings: overrides.siblings,
      clock,
      logger,
    };
    const operations = await startOperations({ listen: config.httpListen, spool: config.home.spool }, operationsParts);
    // Operations are served until all other parts have stopped.
    closers.unshift(() => operations.stop());
    httpAddress = operations.address;
    await configuration.start();
    await waitForConfiguration(configuration, config, logger);
    const bytesAddress = await channel?.start();
    const address = await server.start();
    isServing = true;
    server.setServing(hasConfiguration(configuration));
    const bytes = bytesAddress && formatGrpcAddress(bytesAddress);
    logger.info({ address, bytesAddress: bytes, httpAddress, ...identity }, 'The data plane accepts requests');
    void peers?.start();
    return { address };
  }

  function createByteListener(listen: ListenAddress, { sockets }: PlaneSecurity, most: number): ByteListener {
    const log = sumRepeats(logger.child({ part: 'bytes' }), clock);
    return new ByteListener({ listen, sockets, clock, logger: log, maxConnections: most });
  }

  function createPeers(planes: PlaneSecurity): NodeSet<Peer> {
    planes.check(config.dataPlanes);
    const NodeClient = loadNode();
    return new NodeSet({
      addresses: config.dataPlanes,
      connect: (address) => connectPeer(NodeClient, address, planes),
      resolve: overrides.peerResolver ?? systemResolver,
      clock,
      logger: logger.child({ part: 'peers' }),
    });
  }

  /**
   * Releases all parts in reverse order, and the lock of the home last. A part that fails to close
   * does not keep the others open.
   */
  async function release(): Promise<void> {
    for (const close of closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        logger.error({ err: error }, 'A part of the data plane failed to stop');
      }
    }
    await unlock?.();
  }

  return {
    get httpAddress() {
      return httpAddress;
    },
    start() {
      starting ??= start().catch(async (error: unknown) => {
        await release();
        throw error;
      });
      return starting;
    },
    stop(limitMs) {
      stopping ??= (async () => {
        drainUntil = clock.steady() + Math.min(config.drainMs, limitMs ?? Infinity);
        await starting?.catch(() => undefined);
        await release();
        logger.info('The data plane stopped');
      })();
      return stopping;
    },
  };
}

/** A data plane also starts without a configuration: its edge then answers 503 with the reason. */
async function waitForConfiguration(
  configuration: LiveConfiguration,
  { configurationWaitMs, anonymousMaxAgeMs }: DataPlaneConfig,
  logger: Logger,
): Promise<void> {
  try {
    await configuration.ready(configurationWaitMs, anonymousMaxAgeMs);
  } catch (error) {
    if (!isLayoverError(error)) throw error;
    logger.warn(
      hasConfiguration(configuration)
        ? 'The control plane was not reached, and the configuration of an earlier run is too old for anonymous pulls'
        : 'No configuration is available: the control plane was not reached, and no snapshot of an earlier run exists',
    );
  }
}

function hasConfiguration(configuration: LiveConfiguration): boolean {
  try {
    configuration.current();
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the thread that hashes large blobs. On one or two cores there is none: it would take the
 * time of other work (docs/performance.md#cold-blobs).
 */
function hashThread(clock: Clock, logger: Logger): HashThread | undefined {
  if (availableParallelism() <= 2) return undefined;
  const program = join(__dirname, 'blobs', 'fills', 'hash', 'hash-worker.js');
  return new HashThread({ program, clock, logger: logger.child({ part: 'hashes' }) });
}
