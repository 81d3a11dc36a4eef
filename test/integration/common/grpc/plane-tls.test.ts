import { X509Certificate } from 'node:crypto';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { PlaneChannelCredentials } from '../../../../common/grpc/plane-credentials';
import { openPlaneSecurity, type PlaneSecurity } from '../../../../common/grpc/plane-security';
import { createLogger } from '../../../../common/runtime/logger';
import type { ListenAddress } from '../../../../common/runtime/listen-address';
import { PLAIN_PLANES, type PlaneSecurityConfig } from '../../../../common/security/plane-security-config';
import { TestClock } from '../../../support/test-clock';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';
import { waitUntil } from '../../../support/real/wait-until';
import { type IssuedCertificate, makeAuthority, type TestAuthority } from '../../../support/test-authority';
import { ask, openCaller, startServer, type TestServer } from './support';

const TCP: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 };
const OK = { code: 0 };
const REFUSED = { code: status.UNAUTHENTICATED, details: 'UNAUTHENTICATED', told: [] };
const UNREACHED = { code: status.UNAVAILABLE };
const dns = (...planes: string[]): string[] => planes.map((plane) => `DNS:${plane}.layover.internal`);

let log = '';
const logger = createLogger('test', 'trace', { write: (line: string) => void (log += line) });
let folder: TemporaryFolder;
let authority: TestAuthority;
let other: TestAuthority;
/** Certificates by plane, signed by `authority`. */
let certificates: Record<'edge' | 'data-plane' | 'control-plane', IssuedCertificate>;
const opened: (() => void)[] = [];
let made = 0;

beforeAll(async () => {
  [authority, other] = await Promise.all([makeAuthority(), makeAuthority()]);
  const [edge, data, control] = await Promise.all(
    ['edge', 'data-plane', 'control-plane'].map((plane) => authority.issue(dns(plane))),
  );
  certificates = { edge: edge!, 'data-plane': data!, 'control-plane': control! };
});
beforeEach(async () => {
  log = '';
  folder = await temporaryFolder('plane-tls');
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) close();
  await folder.remove();
});

/** Certificate files of one plane, and the security that uses them. */
interface PlaneFiles {
  readonly path: string;
  readonly security: PlaneSecurity;
  readonly clock: TestClock;
}

async function write(path: string, { cert, key }: IssuedCertificate, ca: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await Promise.all([
    writeFile(join(path, 'cert'), cert),
    writeFile(join(path, 'key'), key),
    writeFile(join(path, 'ca'), ca),
  ]);
}

async function place(
  certificate: IssuedCertificate,
  ca = authority.ca,
  more: Partial<PlaneSecurityConfig> = {},
): Promise<PlaneFiles> {
  const path = join(folder.path, String((made += 1)));
  await write(path, certificate, ca);
  return openAt(path, more);
}

function openAt(path: string, more: Partial<PlaneSecurityConfig> = {}): PlaneFiles {
  const clock = new TestClock();
  const tls = { cert: join(path, 'cert'), key: join(path, 'key'), ca: join(path, 'ca') };
  const security = openPlaneSecurity({ ...PLAIN_PLANES, tls, ...more }, clock, logger);
  opened.push(() => security.close());
  return { path, security, clock };
}

async function serve({ security }: PlaneFiles): Promise<TestServer & { readonly address: string }> {
  const server = await startServer(security.toServe(TCP));
  opened.push(() => server.stop());
  return { ...server, address: `127.0.0.1:${server.port}` };
}

/** Makes the plane poll its files, and waits until the log contains the outcome. */
async function pollFiles({ clock }: PlaneFiles, outcome: string): Promise<void> {
  const before = log.length;
  clock.advance(5_000);
  await waitUntil(outcome, () => log.slice(before).includes(outcome));
}

describe('a server with TLS', () => {
  test.each([
    ['edge', { registry: OK, catalog: REFUSED, health: OK }],
    ['data-plane', { registry: REFUSED, catalog: OK, health: OK }],
    ['control-plane', { registry: REFUSED, catalog: REFUSED, health: OK }],
  ] as const)('lets a certificate of the %s call only the services of its neighbours', async (plane, expected) => {
    const server = await serve(await place(certificates['data-plane']));
    const { security } = await place(certificates[plane]);
    const by = security.toReach('data-plane', TCP);
    for (const service of ['registry', 'catalog', 'health'] as const)
      expect([service, await ask(server.address, by, service)]).toMatchObject([service, expected[service]]);
    expect(server.heard).toHaveLength(plane === 'control-plane' ? 0 : 1);
  });

  test('accepts a certificate with several plane names for each of them', async () => {
    const all = await place(await authority.issue(dns('edge', 'data-plane', 'control-plane')));
    const server = await serve(all);
    const by = all.security.toReach('data-plane', TCP);
    expect(await ask(server.address, by, 'registry')).toMatchObject(OK);
    expect(await ask(server.address, by, 'catalog')).toMatchObject(OK);
  });

  test('refuses names that are not DNS names of the plane itself: common name, wildcard, other domain', async () => {
    const server = await serve(await place(certificates['data-plane']));
    for (const issued of [
      await authority.issue([], 'edge.layover.internal'),
      await authority.issue(['DNS:*.layover.internal'], 'edge.layover.internal'),
      await authority.issue([
        'DNS:edge.layover.internal.example',
        'DNS:xedge.layover.internal',
        'URI:edge.layover.internal',
      ]),
    ]) {
      const { security } = await place(issued);
      expect(await ask(server.address, security.toReach('data-plane', TCP))).toEqual(REFUSED);
    }
    expect(server.heard).toEqual([]);
  });

  test('refuses another authority, no certificate and no TLS', async () => {
    const server = await serve(await place(certificates['data-plane']));
    const foreign = await place(await other.issue(dns('edge')), authority.ca);
    expect(await ask(server.address, foreign.security.toReach('data-plane', TCP))).toMatchObject(UNREACHED);
    const anonymous = credentials.createSsl(Buffer.from(authority.ca), null, null, {
      checkServerIdentity: () => undefined,
    });
    expect(
      await ask(server.address, new PlaneChannelCredentials(anonymous, 'data-plane.layover.internal', undefined)),
    ).toMatchObject(UNREACHED);
    expect(await ask(server.address, credentials.createInsecure())).toMatchObject(UNREACHED);
    expect(server.heard).toEqual([]);
  });

  test('reads the names of a certificate once per connection', async () => {
    const server = await serve(await place(certificates['data-plane']));
    const caller = openCaller(server.address, (await place(certificates.edge)).security.toReach('data-plane', TCP));
    opened.push(() => caller.close());
    expect(await caller.ask()).toMatchObject(OK);
    const reads = jest.spyOn(X509Certificate.prototype, 'checkHost');
    expect(await caller.ask()).toMatchObject(OK);
    expect(await caller.ask('catalog')).toEqual(REFUSED);
    expect(reads).not.toHaveBeenCalled();
    reads.mockRestore();
  });
});

describe('a client with TLS', () => {
  test('accepts only the expected plane of its own authority, at any address', async () => {
    const edge = await place(certificates.edge);
    const data = await serve(await place(certificates['data-plane']));
    expect(await ask(data.address, edge.security.toReach('data-plane', TCP))).toMatchObject(OK);
    const outcome = await ask(data.address, edge.security.toReach('control-plane', TCP));
    expect(outcome).toMatchObject(UNREACHED);
    expect(outcome.details).toMatch(/no subject alternative name DNS:control-plane\.layover\.internal/);
    const foreign = await serve(await place(await other.issue(dns('data-plane'))));
    expect(await ask(foreign.address, edge.security.toReach('data-plane', TCP))).toMatchObject(UNREACHED);
    expect([...data.heard, ...foreign.heard]).toHaveLength(1);
  });

  test('refuses planes of another domain', async () => {
    const server = await serve(await place(certificates['data-plane']));
    const stranger = await place(await authority.issue(['DNS:edge.staging.example']), authority.ca, {
      domain: 'staging.example',
    });
    expect(await ask(server.address, stranger.security.toReach('data-plane', TCP))).toMatchObject(UNREACHED);
    const staging = await serve(
      await place(await authority.issue(['DNS:data-plane.staging.example']), authority.ca, {
        domain: 'staging.example',
      }),
    );
    expect(await ask(staging.address, stranger.security.toReach('data-plane', TCP))).toMatchObject(OK);
  });

  test('sends the secret over TLS, and needs both to be valid', async () => {
    const secret = 's'.repeat(40);
    const server = await serve(await place(certificates['data-plane'], authority.ca, { secret }));
    const by = async (more: Partial<PlaneSecurityConfig>) =>
      ask(server.address, (await place(certificates.edge, authority.ca, more)).security.toReach('data-plane', TCP));
    expect(await by({ secret })).toMatchObject(OK);
    expect(await by({})).toEqual(REFUSED);
    const wrongPlane = await place(certificates['control-plane'], authority.ca, { secret });
    expect(await ask(server.address, wrongPlane.security.toReach('data-plane', TCP))).toEqual(REFUSED);
  });

  test('uses unix sockets without TLS', async () => {
    const listen: ListenAddress = { kind: 'unix', path: join(folder.path, 'socket') };
    const { security } = await place(certificates['data-plane']);
    const server = await startServer(security.toServe(listen), `unix:${listen.path}`);
    opened.push(() => server.stop());
    expect(await ask(`unix:${listen.path}`, security.toReach('data-plane', listen))).toMatchObject(OK);
    expect(await ask(`unix:${listen.path}`, credentials.createInsecure())).toMatchObject(OK);
  });
});

describe('certificate files', () => {
  test('apply to new connections after a change of the authority, while running calls continue', async () => {
    const data = await place(certificates['data-plane']);
    const edge = await place(certificates.edge);
    const server = await serve(data);
    const old = openCaller(server.address, edge.security.toReach('data-plane', TCP));
    opened.push(() => old.close());
    const stream = old.read();
    expect(await stream.next()).toBe('first');

    await write(data.path, await other.issue(dns('data-plane')), other.ca);
    await pollFiles(data, 'The TLS certificate was reloaded');
    // The edge still has the old files: its new connections fail in both directions.
    expect(await ask(server.address, edge.security.toReach('data-plane', TCP))).toMatchObject(UNREACHED);
    await write(edge.path, await other.issue(dns('edge')), other.ca);
    await pollFiles(edge, 'The TLS certificate was reloaded');
    expect(await ask(server.address, edge.security.toReach('data-plane', TCP))).toMatchObject(OK);
    // Existing connections are not affected.
    server.push();
    expect(await stream.next()).toBe('more');
    expect(await old.ask()).toMatchObject(OK);
    stream.cancel();
  });

  test("that don't match change nothing and are reported if they stay so", async () => {
    const data = await place(certificates['data-plane']);
    const edge = await place(certificates.edge);
    const server = await serve(data);
    const next = await authority.issue(dns('data-plane'));
    const works = () => ask(server.address, edge.security.toReach('data-plane', TCP));

    await writeFile(join(data.path, 'cert'), next.cert);
    data.clock.advance(5_000);
    await waitUntil('the first poll', () => data.clock.pending > 0);
    expect(log).not.toContain('cannot be used');
    expect(await works()).toMatchObject(OK);
    await pollFiles(data, 'is not the key of the certificate');
    await rm(join(data.path, 'key'));
    data.clock.advance(5_000);
    await waitUntil('the next poll', () => data.clock.pending > 0);
    await pollFiles(data, 'cannot be read (ENOENT)');
    expect(await works()).toMatchObject(OK);
    await writeFile(join(data.path, 'key'), next.key);
    await pollFiles(data, 'The TLS certificate was reloaded');
    expect(await works()).toMatchObject(OK);
    expect(log).not.toContain('PRIVATE KEY');
  });

  test('are reloaded when Kubernetes switches a symbolic link to another folder', async () => {
    const at = (name: string): string => join(folder.path, 'mounted', name);
    await write(at('v1'), certificates['data-plane'], authority.ca);
    await symlink('v1', at('..data'));
    for (const name of ['cert', 'key', 'ca']) await symlink(join('..data', name), at(name));
    const data = openAt(join(folder.path, 'mounted'));
    const server = await serve(data);
    await write(at('v2'), await other.issue(dns('data-plane')), other.ca);
    await symlink('v2', at('..data_tmp'));
    await rename(at('..data_tmp'), at('..data'));
    await pollFiles(data, 'The TLS certificate was reloaded');
    const edge = await place(await other.issue(dns('edge')), other.ca);
    expect(await ask(server.address, edge.security.toReach('data-plane', TCP))).toMatchObject(OK);
  });
});
