import { type Client, Server, ServerCredentials, type ServiceDefinition, status } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { pino } from 'pino';
import { LayoverError } from '../../../common/errors/layover-error';
import { encodeFailure } from '../../../common/grpc/error-status';
import { loadCatalog, loadNode, loadRegistry, loadStorage } from '../../../common/grpc/load-proto';
import { openPlaneSecurity } from '../../../common/grpc/plane-security';
import { CALL_KINDS, type CallKind } from '../../../common/grpc/registry-calls';
import type { NodeAddress } from '../../../common/nodes/address-watch';
import { REGISTRY_SERVICE } from '../../../common/nodes/health-watch';
import { NodeSet } from '../../../common/nodes/node-set';
import { digestOf } from '../../../common/oci/digest';
import { parseReference, parseRepositoryName } from '../../../common/oci/reference';
import { systemClock } from '../../../common/runtime/clock';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import { PLAIN_PLANES } from '../../../common/security/plane-security-config';
import { createDataPlaneClients } from '../../../control-plane/src/data-planes/data-plane-clients';
import { GrpcContentKeeper } from '../../../control-plane/src/data-planes/grpc-content-keeper';
import { statJournal } from '../../../control-plane/src/data-planes/stat-journal';
import { createGrpcUpstreamProbe } from '../../../control-plane/src/data-planes/grpc-upstream-probe';
import { createCatalogClient } from '../../../data-plane/src/catalog/catalog-client';
import { createGrpcCatalog } from '../../../data-plane/src/catalog/grpc-catalog';
import { createGrpcConfigurationHead } from '../../../data-plane/src/catalog/grpc-configuration-head';
import { createGrpcConfigurationWatch } from '../../../data-plane/src/catalog/grpc-configuration-watch';
import { createGrpcBlobJudge } from '../../../data-plane/src/catalog/grpc-blob-judge';
import { createGrpcImageJudge } from '../../../data-plane/src/catalog/grpc-image-judge';
import { createGrpcPullRecorder } from '../../../data-plane/src/catalog/grpc-pull-recorder';
import { createGrpcUseReport } from '../../../data-plane/src/catalog/grpc-use-report';
import { copyReferrers } from '../../../data-plane/src/cluster/copy-referrers';
import { completeAtOwner } from '../../../data-plane/src/cluster/complete-at-owner';
import { connectPeer } from '../../../data-plane/src/cluster/peers';
import { NOTHING_KNOWN } from '../../../data-plane/src/configuration/configuration-watch';
import { NO_TRACER } from '../../../common/tracing/tracer';
import { connectDataPlane } from '../../../edge-http/src/registry/grpc/data-plane';
import { DataPlaneRegistry } from '../../../edge-http/src/registry/grpc/data-plane-registry';
import type { AnswerBatch } from '../../../proto/gen/layover/v1/AnswerBatch';
import type { CallBatch__Output } from '../../../proto/gen/layover/v1/CallBatch';
import { pullRig } from '../../support/data-plane/fakes/pull-rig';
import { temporaryFolder, type TemporaryFolder } from '../../support/real/temporary-folder';

/**
 * Streams without a deadline. Their readers limit the time without a message instead: see
 * docs/design/many-nodes.md#silent-connections.
 */
const UNLIMITED = ['/layover.v1.Catalog/Watch', '/layover.v1.Registry/AnswerCalls', '/layover.v1.Registry/ReadBlob'];
const SERVICES: readonly ServiceDefinition[] = [
  loadRegistry().service,
  loadNode().service,
  loadStorage().service,
  loadCatalog().service,
];
const ALL_METHODS = SERVICES.flatMap((service) => Object.values(service).map(({ path }) => path)).sort();
const DIGEST = digestOf(Buffer.from('a blob'));
const KEY = { organizationUid: 'u', originVersion: 'o', repository: 'team/app' };
const { signal } = new AbortController();

/** Deadlines of the received calls in milliseconds since the epoch; Infinity for none. */
const deadlines = new Map<string, number>();
/** Time limits of the received small calls in milliseconds; 0 for none. */
const timeouts = new Map<CallKind, number>();
const clock = systemClock;
const logger = pino({ level: 'silent' });
const planes = openPlaneSecurity(PLAIN_PLANES, clock, logger);
const ends: (() => unknown)[] = [];
let folder: TemporaryFolder;
let listen: ListenAddress;
let address: NodeAddress;

beforeAll(async () => {
  folder = await temporaryFolder('channels');
  const path = `${folder.path}/s`;
  listen = { kind: 'unix', path };
  address = { listen, host: '', text: `unix:${path}` };
  const server = new Server();
  for (const service of SERVICES) server.addService(service, refusing(service));
  new HealthImplementation({ [REGISTRY_SERVICE]: 'SERVING' }).addToServer(server);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(address.text, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  ends.push(() => server.forceShutdown());
});
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) end();
  await folder.remove();
});

interface ReceivedCall {
  getDeadline(): Date | number;
  emit(event: 'error', error: object): void;
  on(event: 'data', listener: (message: CallBatch__Output) => void): void;
  write(message: AnswerBatch): void;
}

/** Refuses small calls, and notes the time limit of each. */
function refuseCalls(stream: ReceivedCall): void {
  const refused = encodeFailure(new LayoverError('NOT_FOUND'));
  const lost = encodeFailure(new LayoverError('DATA_PLANE_UNAVAILABLE'));
  stream.on('data', ({ calls }) => {
    for (const { id, request, timeoutMs } of calls) {
      timeouts.set(request!, timeoutMs);
      // The edge answers a manifest request by itself then, and reports that.
      stream.write({ answers: [{ id, failure: request === 'getManifest' ? lost : refused }] });
    }
  });
}

/** Returns handlers that note the deadline of each call. Only Identify succeeds. */
function refusing(service: ServiceDefinition) {
  const refusal = { code: status.NOT_FOUND, details: 'refused' };
  const handlers = Object.entries(service).map(([name, { path, responseStream }]) => [
    name,
    (call: ReceivedCall, done: (error: object | null, reply?: object) => void): void => {
      deadlines.set(path, Number(call.getDeadline()));
      if (name === 'AnswerCalls') refuseCalls(call);
      else if (name === 'Identify') done(null, { nodeId: 'n', instance: 'i', nodeName: 'n' });
      else if (responseStream) call.emit('error', refusal);
      else done(refusal);
    },
  ]);
  return Object.fromEntries(handlers) as Record<string, () => void>;
}

function nodeSet<C extends ReturnType<typeof connectPeer> | ReturnType<typeof connectDataPlane>>(
  connect: (address: NodeAddress) => C,
): NodeSet<C> {
  const nodes = new NodeSet<C>({ addresses: [listen], connect, resolve: () => Promise.resolve([]), clock, logger });
  ends.push(() => nodes.close());
  return nodes;
}

/** Returns the options of a client's channel, which grpc-js keeps in a private field. */
function optionsOf(client: Client): Readonly<Record<string, unknown>> {
  ends.push(() => client.close());
  return internalOptions(client.getChannel());
}

function internalOptions(channel: ReturnType<Client['getChannel']>): Readonly<Record<string, unknown>> {
  const { internalChannel } = channel as unknown as {
    readonly internalChannel: { readonly options: Readonly<Record<string, unknown>> };
  };
  return internalChannel.options;
}

test('every channel has keepalive and reconnects within two seconds', () => {
  const edge = connectDataPlane(loadRegistry(), address, 'off', planes, { clock, tracer: NO_TRACER });
  const channels = {
    'edge to data plane, small calls': internalOptions(edge.channel),
    'edge to data plane, blobs': optionsOf(edge.streams.client),
    'data plane to control plane': optionsOf(createCatalogClient(listen, planes.toReach('control-plane', listen))),
    'data plane to data plane': optionsOf(connectPeer(loadNode(), address, planes).client),
    'control plane to data plane': optionsOf(createDataPlaneClients([listen], planes)[0]!.client),
  };
  const found = Object.entries(channels).map(([name, options]) => [
    name,
    options['grpc.keepalive_time_ms'],
    options['grpc.keepalive_timeout_ms'],
  ]);
  expect(found).toEqual([
    ['edge to data plane, small calls', 2_000, 4_000],
    ['edge to data plane, blobs', 10_000, 15_000],
    ['data plane to control plane', 5_000, 10_000],
    ['data plane to data plane', 3_000, 5_000],
    ['control plane to data plane', 5_000, 5_000],
  ]);
  for (const options of Object.values(channels))
    expect(options['grpc.max_reconnect_backoff_ms']).toBeLessThanOrEqual(2_000);
});

test('every call between planes has a deadline, except streams whose reader limits the silence', async () => {
  const connectCatalog = () => createCatalogClient(listen, planes.toReach('control-plane', listen));
  const client = connectCatalog();
  ends.push(() => client.close());
  const catalog = createGrpcCatalog({ client, clock });
  const registry = new DataPlaneRegistry({
    nodes: nodeSet((node) => connectDataPlane(loadRegistry(), node, 'off', planes, { clock, tracer: NO_TRACER })),
    clock,
    tracer: NO_TRACER,
    logger,
    onRetry: () => undefined,
  });
  await registry.start();
  const peers = nodeSet((node) => connectPeer(loadNode(), node, planes));
  await peers.start();
  const { access } = pullRig();
  const target = await access.authorize(access.locate({ kind: 'organization', name: 'acme' }, 'team/app'), '');
  const dataPlanes = { clients: createDataPlaneClients([listen], planes) };
  ends.push(() => dataPlanes.clients[0]!.client.close());
  const keeper = new GrpcContentKeeper(dataPlanes, clock, logger);

  const context = { requestId: 'r', clientAddress: '', userAgent: '', authorization: '', hops: [] };
  const repository = parseRepositoryName('team/app')!;
  const query = { context, address: { owner: 'organization', organization: 'acme', repository } as const };
  const blob = { ...query, digest: DIGEST };
  const reference = parseReference('latest')!;
  const first = async (items: AsyncIterable<unknown>): Promise<unknown> => items[Symbol.asyncIterator]().next();
  const calls: readonly (() => Promise<unknown> | undefined)[] = [
    () => catalog.lookupTag(KEY, 'latest'),
    () => catalog.lookupManifest(KEY, DIGEST),
    () => catalog.lookupBlob(KEY, DIGEST, []),
    () => catalog.admit({}),
    () => catalog.listCachedTags(KEY, 1, ''),
    () => catalog.listCachedRepositories([KEY], 1, ''),
    () => createGrpcImageJudge(client, clock).judge(KEY, DIGEST, 0, 'r', signal),
    () => createGrpcBlobJudge(client, clock).judge(KEY, DIGEST, 'r'),
    () => createGrpcPullRecorder(client).record([], signal),
    () => createGrpcUseReport(client, 'n').send([], signal),
    () => createGrpcConfigurationHead(client, clock).read(),
    () => first(createGrpcConfigurationWatch(connectCatalog, 'n').open(NOTHING_KNOWN, signal)),
    () => registry.checkAccess(context, signal),
    () => registry.getManifest({ ...query, reference, accept: [], headOnly: false }, signal),
    () => registry.settle(),
    () => registry.statBlob(blob, signal),
    () => registry.readBlob({ ...blob, range: undefined, accepts: 'any', avoid: [] }, signal),
    () => registry.listTags({ ...query, limit: 1, last: '', page: '' }, signal),
    () => registry.listRepositories({ context, hostOrganization: undefined, limit: 1, last: '' }, signal),
    () => registry.listReferrers({ ...blob, artifactType: '', page: '' }, signal),
    () => registry.issueToken({ context, service: '', scopes: [] }, signal),
    () =>
      completeAtOwner({ peers, instance: 'another', timeoutMs: 60_000 })(
        target,
        { digest: DIGEST, size: 1 },
        undefined,
      ),
    () => {
      const page = { content: Buffer.from('{}'), filtered: false, checkedAt: 0 };
      copyReferrers({ peers, instance: 'another', clock, logger })(target, { digest: DIGEST, name: '', page });
      return undefined;
    },
    () => statJournal(dataPlanes.clients[0]!, clock),
    () => keeper.stat([DIGEST]),
    () => keeper.delete([DIGEST]),
    () => first(keeper.list()),
    () => first(keeper.verify([DIGEST], false)),
    () =>
      createGrpcUpstreamProbe({ dataPlanes, clock, log: logger }).probe({
        host: 'registry.example',
        namespace: '',
        credentials: undefined,
        insecure: false,
        caCertificate: undefined,
        trustedRealms: [],
      }),
  ];
  for (const call of calls) await Promise.resolve(call()).catch(() => undefined);

  expect([...deadlines.keys()].sort()).toEqual(ALL_METHODS);
  const unlimited = [...deadlines].filter(([, deadline]) => !Number.isFinite(deadline)).map(([path]) => path);
  expect(unlimited.sort()).toEqual(UNLIMITED);
  // A blob is only opened this way if its file can be read.
  expect([...timeouts.keys()].sort()).toEqual(CALL_KINDS.filter((kind) => kind !== 'openBlob'));
  for (const timeoutMs of timeouts.values()) expect(timeoutMs).toBeGreaterThan(0);
});
