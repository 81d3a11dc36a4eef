import { credentials, ServerCredentials, makeClientConstructor } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import type { LayoverError } from '../../../../common/errors/layover-error';
import { loadRegistry } from '../../../../common/grpc/load-proto';
import { CallWatch } from '../../../../common/grpc/observe-calls';
import { REGISTRY_SERVICE } from '../../../../common/nodes/health-watch';
import { NO_TRACER } from '../../../../common/tracing/tracer';
import { CallStreams } from '../../../../data-plane/src/grpc/registry/call-streams';
import type { CallTable } from '../../../../data-plane/src/grpc/registry/call-table';
import { createRegistryServer, type RegistryServer } from '../../../../data-plane/src/grpc/server';
import type { RegistryClient, RegistryHandlers } from '../../../../proto/gen/layover/v1/Registry';
import { silentLogger } from '../../../support/data-plane/fakes/pull-rig';
import { RegistryAsker } from '../../../support/registry-asker';
import { TestClock } from '../../../support/test-clock';
import { waitUntil } from '../../../support/real/wait-until';

let clock: TestClock;
let server: RegistryServer;
let client: RegistryClient;
let asker: RegistryAsker;
let address: string;
/** Replies to CheckAccess that wait for the test. */
let held: (() => void)[];
let hold: boolean;

beforeEach(async () => {
  clock = new TestClock();
  held = [];
  hold = false;
  const table = {
    checkAccess: () => new Promise((resolve) => (hold ? held.push(() => resolve({})) : resolve({}))),
  } as unknown as CallTable;
  const watch = new CallWatch('layover.v1.Registry', { tracer: NO_TRACER, onEnd: () => undefined });
  const calls = new CallStreams({ table, watch, clock, logger: silentLogger });
  const registry = { AnswerCalls: calls.handler } as unknown as RegistryHandlers;
  const listen = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  server = createRegistryServer({
    registry,
    onDrain: () => calls.drain(),
    listen,
    credentials: ServerCredentials.createInsecure(),
    clock,
    noticeMs: 500,
  });
  address = await server.start();
  server.setServing(true);
  client = new (loadRegistry())(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  asker = new RegistryAsker(client);
});
afterEach(async () => {
  client.close();
  const stopped = server.stop(0);
  clock.advance(100_000);
  await stopped;
});

/** Makes a call, and returns `answered` or the key of its failure. */
const ask = (): Promise<string> =>
  asker.ask('checkAccess', {}).then(
    () => 'answered',
    (error: LayoverError) => error.key,
  );

/** Watches the health of the server and records the statuses. */
async function watch(): Promise<{ readonly heard: string[]; leave(): void }> {
  const Health = makeClientConstructor(healthService, 'grpc.health.v1.Health');
  const watcher = new Health(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const heard: string[] = [];
  const call = (watcher as unknown as { watch(request: object): NodeJS.ReadableStream & { cancel(): void } }).watch({
    service: REGISTRY_SERVICE,
  });
  call.on('data', (message: { readonly status: string }) => heard.push(message.status));
  call.on('error', () => heard.push('error'));
  call.on('end', () => {
    heard.push('end');
    watcher.close();
  });
  await waitUntil('the first status', () => heard.length > 0);
  return { heard, leave: () => call.cancel() };
}

test('a watched server reports that it stops, still answers for a moment, and then stops', async () => {
  const { heard } = await watch();
  let stopped = false;
  const stopping = server.stop(30_000).then(() => (stopped = true));
  await waitUntil('NOT_SERVING', () => heard.includes('NOT_SERVING'));
  expect(await ask()).toBe('answered');
  // A configuration that arrives now changes nothing.
  server.setServing(true);
  expect(stopped).toBe(false);
  clock.advance(500);
  await stopping;
  expect(heard).toEqual(['SERVING', 'NOT_SERVING', 'end']);
  expect(await ask()).toBe('DATA_PLANE_UNAVAILABLE');
});

test('an unwatched server stops without delay', async () => {
  await server.stop(30_000);
  expect(await ask()).toBe('DATA_PLANE_UNAVAILABLE');
});

test('a server stops without further delay when the last watcher leaves', async () => {
  const { leave } = await watch();
  const stopping = server.stop(30_000);
  leave();
  await stopping;
});

test('running calls may end, whether the server is watched or not', async () => {
  const { heard } = await watch();
  hold = true;
  const running = ask();
  await waitUntil('the call', () => held.length === 1);
  let stopped = false;
  const stopping = server.stop(30_000).then(() => (stopped = true));
  clock.advance(500);
  await waitUntil('the end of the watch', () => heard.includes('end'));
  expect(stopped).toBe(false);
  held[0]!();
  expect(await running).toBe('answered');
  await stopping;
});

test('running calls are cut when the drain time, including the notice, is over', async () => {
  await watch();
  hold = true;
  const running = ask();
  await waitUntil('the call', () => held.length === 1);
  const stopping = server.stop(2_000);
  clock.advance(500);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_500);
  await stopping;
  expect(await running).not.toBe('answered');
});
