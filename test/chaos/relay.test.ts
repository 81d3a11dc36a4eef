import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ListenAddress } from '../../common/runtime/listen-address';
import { temporaryFolder, type TemporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';
import type { Fault, FaultKind } from './relay/fault';
import { type Relay, startRelay } from './relay/relay';

const REQUEST = 'a request that is longer than what a relay takes for a ping';
const ANSWER = Buffer.from('0123456789'.repeat(200_000));

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('relay');
});
afterAll(() => folder.remove());

function fault(kind: FaultKind, more: Partial<Fault> = {}): Fault {
  return { kind, delayMs: 100, bytesPerSecond: 10_000_000, ...more };
}

/** A caller that collects everything that arrives. */
class Caller {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  ended = false;
  closed = false;
  errorCode: string | undefined;

  constructor(address: ListenAddress) {
    const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    this.socket = connect({ ...where, allowHalfOpen: true });
    this.socket.on('data', (bytes) => this.chunks.push(bytes));
    this.socket.on('end', () => (this.ended = true));
    this.socket.on('close', () => (this.closed = true));
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.errorCode = error.code));
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  ask(text = REQUEST): void {
    this.socket.write(text);
  }

  /** The end of a Unix socket is not an error, and this side stays open. */
  get isBroken(): boolean {
    return this.closed || this.ended;
  }

  whole(): Promise<true> {
    return waitUntil('the whole answer', () => this.received.length >= ANSWER.length && (true as const));
  }
}

describe.each(['tcp', 'unix'] as const)('a relay over %s', (kind) => {
  let server: Server;
  let requests: string[];
  let relay: Relay;
  let callers: Caller[];
  let served: Socket[];
  let files = 0;

  beforeEach(async () => {
    [requests, callers, served] = [[], [], []];
    server = createServer({ allowHalfOpen: true }, (socket) => {
      served.push(socket);
      socket.on('error', () => undefined);
      socket.on('end', () => socket.end());
      socket.on('data', (bytes) => {
        requests.push(bytes.toString());
        socket.write(bytes.toString() === 'ping' ? 'pong' : ANSWER);
      });
    });
    files += 1;
    const address = (name: string): ListenAddress =>
      kind === 'tcp'
        ? { kind: 'tcp', host: '127.0.0.1', port: 0 }
        : { kind: 'unix', path: join(folder.path, `${name}-${files}.sock`) };
    const target = address('server');
    server.listen(target.kind === 'unix' ? target.path : { host: target.host, port: 0 });
    await once(server, 'listening');
    const bound: ListenAddress =
      target.kind === 'unix' ? target : { ...target, port: (server.address() as AddressInfo).port };
    relay = await startRelay([{ listen: address('relay'), target: bound }]);
  });

  afterEach(async () => {
    for (const { socket } of callers) socket.destroy();
    await relay.close();
    for (const socket of served) socket.destroy();
    server.close();
  });

  const caller = (): Caller => {
    const made = new Caller(relay.addresses[0]!);
    callers.push(made);
    return made;
  };

  test('passes everything unchanged and counts the bytes of the answer', async () => {
    const one = caller();
    relay.mark();
    one.ask();
    await one.whole();
    expect(one.received.equals(ANSWER)).toBe(true);
    expect(relay.answered).toBe(ANSWER.length);
    one.socket.end();
    await once(one.socket, 'close');
    expect(relay.answered).toBe(ANSWER.length);
    relay.mark();
    expect(relay.answered).toBe(0);
  });

  test('does not take a ping for a request', async () => {
    const one = caller();
    const armed = relay.arm(fault('cut'), 0);
    one.ask('ping');
    await waitUntil('the pong', () => one.received.toString() === 'pong');
    expect(armed.hasStruck).toBe(false);
    one.ask();
    await waitUntil('the end', () => one.ended);
    expect(armed.hasStruck).toBe(true);
    expect(one.received.toString()).toBe('pong');
  });

  test.each([0, 1, 5, 1_000_000, ANSWER.length - 1])('cuts after exactly %i bytes', async (bytes) => {
    const one = caller();
    relay.arm(fault('cut'), bytes);
    one.ask();
    await waitUntil('the end', () => one.ended);
    expect(one.received.equals(ANSWER.subarray(0, bytes))).toBe(true);
    expect(one.errorCode).toBeUndefined();
  });

  test('lets a fault happen once', async () => {
    const [one, two] = [caller(), caller()];
    relay.arm(fault('cut'), 10);
    one.ask();
    await waitUntil('the end', () => one.ended);
    two.ask();
    await two.whole();
    expect(two.received.equals(ANSWER)).toBe(true);
  });

  test('inverts one byte and passes the others', async () => {
    const one = caller();
    relay.arm(fault('corrupt'), 1234);
    one.ask();
    await one.whole();
    const { received } = one;
    expect(received[1234]).toBe(ANSWER[1234]! ^ 0xff);
    received[1234] = ANSWER[1234]!;
    expect(received.equals(ANSWER)).toBe(true);
  });

  test('delays the rest and then passes all of it in both directions', async () => {
    const one = caller();
    relay.arm(fault('delay', { delayMs: 300 }), 500_000);
    one.ask();
    await waitUntil('the first bytes', () => one.received.length === 500_000);
    one.ask('another request, which arrives after the delay as well');
    expect(requests).toHaveLength(1);
    await waitUntil('both answers', () => one.received.length === 2 * ANSWER.length);
    expect(one.received.equals(Buffer.concat([ANSWER, ANSWER]))).toBe(true);
  });

  test('throttles the rest without losing or reordering bytes', async () => {
    const one = caller();
    relay.arm(fault('throttle', { bytesPerSecond: 4_000_000 }), 1_000_000);
    one.ask();
    await waitUntil('the first bytes', () => one.received.length >= 1_000_000);
    expect(one.received.length).toBeLessThan(ANSWER.length);
    await one.whole();
    expect(one.received.equals(ANSWER)).toBe(true);
  });

  test('answers at full speed again when it is healed', async () => {
    const one = caller();
    relay.arm(fault('throttle', { bytesPerSecond: 100 }), 1000);
    one.ask();
    await waitUntil('the first bytes', () => one.received.length > 1000);
    relay.heal();
    await one.whole();
    expect(one.received.equals(ANSWER)).toBe(true);
    relay.arm(fault('delay'), 1000);
    one.ask();
    await waitUntil('another answer', () => one.received.length === 2 * ANSWER.length);
    expect(one.received.subarray(ANSWER.length).equals(ANSWER)).toBe(true);
  });

  test.each(['delay', 'throttle'] as const)('passes the end of the server after the bytes (%s)', async (what) => {
    const one = caller();
    relay.arm(fault(what, { bytesPerSecond: 20_000_000 }), 1000);
    one.ask();
    await waitUntil('the request', () => requests.length === 1);
    served[0]!.end();
    await waitUntil('the end', () => one.ended);
    expect(one.received.equals(ANSWER)).toBe(true);
  });

  test('ends the answer of a half-closed connection and still passes requests', async () => {
    const one = caller();
    relay.arm(fault('half-close'), 1000);
    one.ask();
    await waitUntil('the end', () => one.ended);
    expect(one.received.equals(ANSWER.subarray(0, 1000))).toBe(true);
    one.ask('a request after the end of the answers');
    await waitUntil('the request', () => requests.length === 2);
    expect(one.closed).toBe(false);
  });

  test('resets both ends', async () => {
    const one = caller();
    relay.arm(fault('reset'), 1000);
    one.ask();
    await waitUntil('the end', () => one.isBroken);
    expect(one.received.length).toBeLessThanOrEqual(1000);
    await waitUntil('the close at the server', () => served.every((socket) => socket.destroyed));
  });

  // libuv reports the end instead of the reset if bytes arrive together with it.
  test('resets a connection without bytes on their way with RST', async () => {
    const one = caller();
    one.ask('ping');
    await waitUntil('the pong', () => one.received.toString() === 'pong');
    relay.strike(fault('reset'));
    await waitUntil('the end', () => one.isBroken);
    expect(one.errorCode).toBe(kind === 'tcp' ? 'ECONNRESET' : undefined);
  });

  test('swallows both directions of one connection, which stays open, and no other one', async () => {
    const [one, two] = [caller(), caller()];
    relay.arm(fault('swallow'), 1000);
    one.ask();
    await waitUntil('the first bytes', () => one.received.length === 1000);
    one.ask('this request is lost');
    two.ask();
    await two.whole();
    relay.heal();
    expect(requests).toEqual([REQUEST, REQUEST]);
    expect([one.received.length, one.ended, one.closed]).toEqual([1000, false, false]);
    // The other side does not learn of the end of the connection either.
    one.socket.destroy();
    two.ask();
    await waitUntil('another answer', () => two.received.length === 2 * ANSWER.length);
    expect(served[0]!.destroyed).toBe(false);
  });

  test('never answers on any connection until it is healed, and resets these connections then', async () => {
    const [one, two] = [caller(), caller()];
    relay.arm(fault('never-answer'), 0);
    one.ask();
    await waitUntil('the request', () => requests.length === 1);
    const three = caller();
    two.ask();
    three.ask();
    await waitUntil('the requests', () => requests.length === 3);
    expect([one, two, three].map(({ received }) => received.length)).toEqual([0, 0, 0]);
    relay.heal();
    await waitUntil('the resets', () => [one, two, three].every(({ isBroken }) => isBroken));
    const four = caller();
    four.ask();
    await four.whole();
  });

  test('strikes all open connections on demand', async () => {
    const [one, two] = [caller(), caller()];
    one.ask('ping');
    two.ask('ping');
    await waitUntil('the pongs', () => [one, two].every(({ received }) => received.length === 4));
    relay.strike(fault('cut'));
    await waitUntil('the ends', () => one.ended && two.ended);
  });

  test('resets a caller if the server does not listen', async () => {
    server.close();
    for (const socket of served) socket.destroy();
    const one = caller();
    await waitUntil('the end', () => one.isBroken);
    expect(one.received).toHaveLength(0);
  });

  test('passes the end of one direction on, and the answer after it', async () => {
    const one = caller();
    one.ask();
    one.socket.end();
    await waitUntil('the close', () => one.closed);
    expect(one.received.equals(ANSWER)).toBe(true);
  });
});
