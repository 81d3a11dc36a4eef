import { writeFile } from 'node:fs/promises';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { openPlaneSecurity, type PlaneSecurity } from '../../../../common/grpc/plane-security';
import { listenHttp } from '../../../../common/http/listen-http';
import type { ListenAddress } from '../../../../common/runtime/listen-address';
import { createLogger } from '../../../../common/runtime/logger';
import { PLAIN_PLANES, type PlaneSecurityConfig } from '../../../../common/security/plane-security-config';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';
import { type IssuedCertificate, makeAuthority, type TestAuthority } from '../../../support/test-authority';
import { TestClock } from '../../../support/test-clock';

const TCP = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const satisfies ListenAddress;
const MIB = 1024 * 1024;
const logger = createLogger('test', 'silent');
const closers: (() => unknown)[] = [];
let folder: TemporaryFolder;
let authority: TestAuthority;
let other: TestAuthority;
let made = 0;

beforeAll(async () => {
  folder = await temporaryFolder('plane-sockets');
  [authority, other] = await Promise.all([makeAuthority(), makeAuthority()]);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => folder.remove());

/** Returns the security of a plane with a certificate for these planes. */
async function plane(signer: TestAuthority, ...planes: string[]): Promise<PlaneSecurity> {
  const certificate = await signer.issue(planes.map((name) => `DNS:${name}.layover.internal`));
  const path = (name: string): string => join(folder.path, `${made}-${name}`);
  made += 1;
  const files: Record<string, string> = { ...(certificate satisfies IssuedCertificate), ca: authority.ca };
  for (const [name, text] of Object.entries(files)) await writeFile(path(name), text);
  return open({ tls: { cert: path('cert'), key: path('key'), ca: path('ca') } });
}

function open(more: Partial<PlaneSecurityConfig>): PlaneSecurity {
  const security = openPlaneSecurity({ ...PLAIN_PLANES, ...more }, new TestClock(), logger);
  closers.push(() => security.close());
  return security;
}

/** Starts a server for edges that sends `content` to each connection, and returns its address. */
async function serve({ sockets }: PlaneSecurity, content: Buffer): Promise<ListenAddress> {
  const open = new Set<Socket>();
  const server: Server = sockets.serve(TCP, 'edge', (socket) => {
    socket.on('error', () => undefined);
    socket.end(content);
  });
  server.on('connection', (socket: Socket) => open.add(socket));
  closers.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  await listenHttp(server, TCP);
  return { ...TCP, port: (server.address() as AddressInfo).port };
}

/** Connects like an edge. Returns what arrives, and the error of the socket. */
function receive(
  { sockets }: PlaneSecurity,
  address: ListenAddress,
): Promise<{ readonly content: Buffer; readonly error: string | undefined }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let error: string | undefined;
    let turn = 0;
    const buffers = [Buffer.alloc(100_000), Buffer.alloc(50_000)] as const;
    const socket = sockets.reach('data-plane', address, {
      buffer: () => buffers[(turn = 1 - turn)]!,
      callback(count, buffer) {
        chunks.push(Buffer.from(buffer.subarray(0, count)));
        return true;
      },
    });
    socket.on('error', (problem) => (error = problem.message));
    socket.on('close', () => resolve({ content: Buffer.concat(chunks), error }));
  });
}

const content = Buffer.alloc(2 * MIB, 'layover');

test('planes without certificates are connected without TLS', async () => {
  const security = open({ secret: 'the-secret-that-planes-of-this-test-share' });
  const { content: got } = await receive(security, await serve(security, content));
  expect(got.equals(content)).toBe(true);
});

test('an edge and a data plane with certificates are connected with TLS', async () => {
  const address = await serve(await plane(authority, 'data-plane'), content);
  const { content: got } = await receive(await plane(authority, 'edge'), address);
  expect(got.equals(content)).toBe(true);
});

test.each([
  ['of another plane', () => plane(authority, 'data-plane', 'control-plane')],
  ['of another authority', () => plane(other, 'edge')],
])('a caller with a certificate %s gets nothing', async (_name, caller) => {
  const address = await serve(await plane(authority, 'data-plane'), content);
  expect((await receive(await caller(), address)).content).toHaveLength(0);
});

test('a caller without TLS or without a certificate gets nothing', async () => {
  const address = await serve(await plane(authority, 'data-plane'), content);
  const plain = open({ secret: 'the-secret-that-planes-of-this-test-share' });
  const { port } = address as { port: number };
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<number>((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(socket.bytesRead));
    socket.write('LAYBYTE1'.repeat(9));
  });
  // A TLS alert may arrive, but no content.
  expect(await closed).toBeLessThan(100);
  expect(plain.sockets.secrets).toHaveLength(1);
});

test.each([
  ['of another plane', () => plane(authority, 'edge'), /subject alternative name DNS:data-plane/],
  ['of another authority', () => plane(other, 'data-plane'), /signature|certificate/],
])('an edge takes nothing from a server with a certificate %s', async (_name, server, problem) => {
  const address = await serve(await server(), content);
  const { content: got, error } = await receive(await plane(authority, 'edge'), address);
  expect([got.length, problem.test(error ?? '')]).toEqual([0, true]);
});

test('TCP needs certificates or a secret', () => {
  const none = open({});
  expect(() => none.sockets.serve(TCP, 'edge', () => undefined)).toThrow(/certificates or a secret/);
  expect(() => none.sockets.reach('data-plane', TCP, { buffer: Buffer.alloc(1), callback: () => true })).toThrow(
    /certificates or a secret/,
  );
});
