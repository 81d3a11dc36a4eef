import { credentials, status } from '@grpc/grpc-js';
import { openPlaneSecurity, type PlaneSecurity } from '../../../../common/grpc/plane-security';
import { createLogger } from '../../../../common/runtime/logger';
import type { ListenAddress } from '../../../../common/runtime/listen-address';
import { PLAIN_PLANES } from '../../../../common/security/plane-security-config';
import { TestClock } from '../../../support/test-clock';
import { temporaryFolder } from '../../../support/real/temporary-folder';
import { ask, openCaller, startServer, type TestServer } from './support';

const SECRET = 'the-secret-that-planes-share-0123456789';
const OTHER = 'another-secret-of-the-same-length-01234';
const LOOPBACK: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 };
/** The only outcome of a refused call: no text, no metadata. */
const REFUSED = { code: status.UNAUTHENTICATED, details: 'UNAUTHENTICATED', told: [] };

const clock = new TestClock();
let log = '';
const logger = createLogger('test', 'trace', { write: (line: string) => void (log += line) });
const open = (secret?: string, previousSecrets: readonly string[] = []): PlaneSecurity =>
  openPlaneSecurity({ ...PLAIN_PLANES, secret, previousSecrets }, clock, logger);

let server: TestServer;
let address: string;
beforeEach(async () => {
  log = '';
  server = await startServer(open(SECRET, [OTHER]).toServe(LOOPBACK));
  address = `127.0.0.1:${server.port}`;
});
afterEach(() => server.stop());

const caller = (secret?: string) =>
  secret === undefined ? credentials.createInsecure() : open(secret).toReach('data-plane', LOOPBACK);

test('a call with the current or a previous secret succeeds, and its handler does not see the secret', async () => {
  expect(await ask(address, caller(SECRET))).toMatchObject({ code: 0 });
  expect(await ask(address, caller(OTHER))).toMatchObject({ code: 0 });
  expect(await ask(address, caller(SECRET), 'catalog')).toMatchObject({ code: 0 });
  expect(await ask(address, caller(SECRET), 'health')).toMatchObject({ code: 0 });
  expect(server.heard).toHaveLength(3);
  for (const metadata of server.heard) expect(JSON.stringify(metadata.toJSON())).not.toMatch(/secret/);
});

test.each([
  ['no secret', undefined],
  ['another secret', 'x'.repeat(SECRET.length)],
  ['the beginning of the secret', SECRET.slice(0, -1)],
  ['the secret and more', `${SECRET}0`],
])('a call with %s is refused without details, for every service', async (_name, secret) => {
  for (const service of ['registry', 'catalog', 'health'] as const)
    expect([service, await ask(address, caller(secret), service)]).toEqual([service, REFUSED]);
  const reader = openCaller(address, caller(secret));
  expect(await reader.read().next()).toEqual(REFUSED);
  reader.close();
  expect(server.heard).toEqual([]);
});

test('refused calls are logged at a limited rate and without the secret that was sent', async () => {
  const wrong = 'x'.repeat(40);
  for (let i = 0; i < 3; i += 1) await ask(address, caller(wrong));
  const lines = (): unknown[] =>
    log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  expect(lines()).toEqual([
    expect.objectContaining({ path: '/layover.v1.Registry/AnswerCalls', problem: 'its secret is wrong' }),
  ]);
  clock.advance(10_000);
  await ask(address, caller());
  expect(lines().slice(1)).toEqual([expect.objectContaining({ problem: 'it has no secret', suppressed: 2 })]);
  expect(log).not.toContain(SECRET);
  expect(log).not.toContain(wrong);
});

test('a server without a secret accepts a caller that sends one', async () => {
  const folder = await temporaryFolder('planes');
  const listen: ListenAddress = { kind: 'unix', path: `${folder.path}/s` };
  const plain = await startServer(open().toServe(listen), `unix:${listen.path}`);
  expect(await ask(`unix:${listen.path}`, open(SECRET).toReach('data-plane', listen))).toMatchObject({ code: 0 });
  plain.stop();
  await folder.remove();
});

test('the secret is required on unix sockets too', async () => {
  const folder = await temporaryFolder('planes');
  const listen: ListenAddress = { kind: 'unix', path: `${folder.path}/s` };
  const local = await startServer(open(SECRET).toServe(listen), `unix:${listen.path}`);
  expect(await ask(`unix:${listen.path}`, open(SECRET).toReach('data-plane', listen))).toMatchObject({ code: 0 });
  expect(await ask(`unix:${listen.path}`, open().toReach('data-plane', listen))).toEqual(REFUSED);
  local.stop();
  await folder.remove();
});

test('TCP is refused without certificates or a secret, even if the configuration passed', () => {
  for (const host of ['10.0.0.1', '0.0.0.0', '::', 'data.example', '127.0.0.1', '::1', 'localhost']) {
    const away: ListenAddress = { kind: 'tcp', host, port: 1 };
    expect(() => open().toServe(away)).toThrow(/configure certificates or a secret/);
    expect(() => open().toReach('data-plane', away)).toThrow(/configure certificates or a secret/);
    expect(() => open(SECRET).toServe(away)).not.toThrow();
  }
});
