import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect as connectPlain, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { LayoverError } from '../../../common/errors/layover-error';
import { digestOf } from '../../../common/oci/digest';
import { createLogger } from '../../../common/runtime/logger';
import { TlsWatch } from '../../../common/security/tls-watch';
import { HttpListener } from '../../../edge-http/src/server';
import { TestClock } from '../../support/test-clock';
import type { Script } from '../../support/fake-data-plane/script';
import { temporaryFolder, type TemporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';
import { makeAuthority, type TestAuthority } from '../../support/test-authority';
import { BlobFolder, serveFile, serveInline } from './support/blobs';
import { type EdgeUnderTest, startEdge } from './support/edge-under-test';
import { finish, parseRaw } from './support/http-client';

let authority: TestAuthority;
let folder: TemporaryFolder;
let files: { readonly cert: string; readonly key: string };
let blobs: BlobFolder;
beforeAll(async () => {
  [authority, folder] = await Promise.all([makeAuthority(), temporaryFolder('edge-tls')]);
  files = { cert: join(folder.path, 'cert'), key: join(folder.path, 'key') };
  blobs = new BlobFolder();
  await issue();
});
afterAll(async () => {
  blobs.remove();
  await folder.remove();
});

async function issue(): Promise<void> {
  const { cert, key } = await authority.issue(['DNS:registry.example', 'IP:127.0.0.1']);
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key)]);
}

const start = (script: Script = {}, more: Parameters<typeof startEdge>[1] = {}): Promise<EdgeUnderTest> =>
  startEdge(script, { tls: files, ...more });

function open(port: number, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      ca: authority.ca,
      agent: false,
      headers,
      servername: 'registry.example',
    };
    request(options, resolve).on('error', reject).end();
  });
}

/** Opens a TLS connection and waits for its handshake. */
function dial(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: authority.ca, ...options }, () => resolve(socket));
    socket.on('error', reject);
  });
}

function rest(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.on('error', () => undefined).on('close', () => resolve(text));
  });
}

test('blobs are delivered completely, over the call and from a file', async () => {
  const blob = blobs.make(9 * 1024 * 1024 + 17);
  for (const serve of [serveInline, serveFile]) {
    const edge = await start({ readBlob: (_request, sender) => serve(blob, sender) });
    const answer = await finish(await open(edge.port, blob.path));
    expect(answer).toMatchObject({ status: 200, whole: true });
    expect(digestOf(answer.body)).toBe(blob.digest);
    await edge.stop();
  }
});

test('challenges point to https, with the host that the client used or the public URL', async () => {
  const script: Script = {
    checkAccess: () => {
      throw new LayoverError('UNAUTHORIZED');
    },
  };
  const realm = async (edge: EdgeUnderTest, headers: Record<string, string>): Promise<unknown> =>
    /realm="([^"]*)"/.exec(
      String((await finish(await open(edge.port, '/v2/', headers))).headers['www-authenticate']),
    )?.[1];
  const edge = await start(script);
  expect(await realm(edge, { host: 'registry.example:5000' })).toBe('https://registry.example:5000/token');
  expect(await realm(edge, { host: '"' })).toBe(`https://127.0.0.1:${edge.port}/token`);
  // No proxy is trusted.
  const forged = { host: 'h', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil', forwarded: 'host=evil' };
  expect(await realm(edge, forged)).toBe('https://h/token');
  await edge.stop();
  const published = await start(script, { publicUrl: 'https://layover.example' });
  expect(await realm(published, { host: 'h' })).toBe('https://layover.example/token');
  await published.stop();
});

test('invalid requests are answered over TLS, and connections without TLS and HTTP are closed', async () => {
  const edge = await start({ checkAccess: () => undefined });
  const broken = await dial(edge.port);
  broken.write('NONSENSE\r\n\r\n');
  expect(parseRaw(await rest(broken))).toMatchObject({ status: 400, error: { code: 'UNSUPPORTED' } });
  for (const bytes of ['\x16\x03\x01\x00\x05hello', '\0'.repeat(100)]) {
    const plain = connectPlain(edge.port, '127.0.0.1');
    plain.write(bytes, 'latin1');
    expect(await rest(plain)).not.toMatch(/HTTP/);
  }
  await expect(dial(edge.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow(
    /protocol|version|EPROTO/i,
  );
  expect((await finish(await open(edge.port, '/v2/'))).status).toBe(200);
  await edge.stop();
});

test('a request in plain HTTP is told to use HTTPS', async () => {
  const edge = await start();
  try {
    const socket = connectPlain(edge.port, edge.host);
    socket.write('GET /v2/ HTTP/1.1\r\nHost: registry.example\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const answer = parseRaw(Buffer.concat(chunks).toString());
    expect([answer.status, answer.error]).toEqual([
      400,
      { code: 'UNSUPPORTED', message: expect.stringContaining('speaks HTTPS') as string },
    ]);
  } finally {
    await edge.stop();
  }
});

test('connections are kept alive and closed on stop, which waits for a missing handshake at most the drain time', async () => {
  const edge = await start({ checkAccess: () => undefined }, { drainSeconds: 1 });
  const kept = await dial(edge.port);
  for (let i = 0; i < 2; i += 1) {
    kept.write('GET /v2/ HTTP/1.1\r\nHost: h\r\n\r\n');
    const [head] = await new Promise<Buffer[]>((resolve) => kept.once('data', (data: Buffer) => resolve([data])));
    expect(head!.toString('latin1')).toMatch(/^HTTP\/1.1 200 /);
  }
  const mute = connectPlain(edge.port, '127.0.0.1');
  await new Promise((resolve) => mute.once('connect', resolve));
  const closed = [rest(kept), rest(mute)];
  // Node itself would wait two minutes for the handshake.
  await edge.stopEdge();
  await Promise.all(closed);
  await edge.stop();
});

test('a new certificate applies to new connections, and a running response continues', async () => {
  const clock = new TestClock();
  let log = '';
  const logger = createLogger('test', 'info', { write: (line: string) => void (log += line) });
  const tls = new TlsWatch({ files, clock, logger });
  let goOn = (): void => undefined;
  const listener = new HttpListener(
    { kind: 'tcp', host: '127.0.0.1', port: 0 },
    (_request, response) => {
      response.write('first');
      goOn = () => response.end('last');
    },
    tls,
  );
  const address = await listener.start();
  expect(address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const port = Number(new URL(address).port);
  const fingerprint = async (): Promise<string> => {
    const socket = await dial(port);
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const answer = await open(port, '/');
  const old = await fingerprint();
  await issue();
  clock.advance(5_000);
  await waitUntil('the new certificate', () => log.includes('The TLS certificate was reloaded'));
  expect(await fingerprint()).not.toBe(old);
  goOn();
  expect((await finish(answer)).body.toString()).toBe('firstlast');
  await listener.stop(0);
  tls.stop();
  expect(log).not.toContain('PRIVATE KEY');
});
