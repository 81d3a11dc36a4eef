import { randomBytes } from 'node:crypto';
import { formatHead } from '../../../../../common/channel/channel-frames';
import { openPlaneSecurity } from '../../../../../common/grpc/plane-security';
import type { ListenAddress } from '../../../../../common/runtime/listen-address';
import { createLogger } from '../../../../../common/runtime/logger';
import { PLAIN_PLANES } from '../../../../../common/security/plane-security-config';
import type { ByteConnection } from '../../../../../edge-http/src/registry/channel/byte-connection';
import { ByteConnections } from '../../../../../edge-http/src/registry/channel/byte-connections';
import { PLANE_SECRET } from '../../../../support/plane-secret';
import { waitUntil } from '../../../../support/real/wait-until';
import { TestClock } from '../../../../support/test-clock';
import { type ByteServer, type ReceivedRequest, startByteServer } from '../../support/byte-server';

const KIB = 1024;
const MIB = 1024 * KIB;
const NEVER = new Promise<never>(() => undefined);

let log = '';
const logger = createLogger('test', 'trace', { write: (line: string) => void (log += line) });
const closers: (() => unknown)[] = [];
let clock: TestClock;
let server: ByteServer;
/** What the server does with each request. */
let serve: (request: ReceivedRequest) => void;
beforeEach(async () => {
  log = '';
  clock = new TestClock();
  serve = ({ answer }) => answer(content);
  server = await startByteServer((request) => serve(request));
  closers.push(() => server.stop());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const content = randomBytes(3 * MIB);

function connections(): ByteConnections {
  const security = openPlaneSecurity({ ...PLAIN_PLANES, secret: PLANE_SECRET }, clock, logger);
  const made = new ByteConnections({ sockets: security.sockets, clock, logger });
  closers.push(() => security.close());
  closers.push(() => made.close());
  return made;
}

const at = (port = server.port): ListenAddress => ({ kind: 'tcp', host: '127.0.0.1', port });
const request = (length = content.length) => ({
  ticket: randomBytes(32),
  length,
  buffers: [Buffer.alloc(128 * KIB), Buffer.alloc(128 * KIB)] as const,
});

async function open(pool: ByteConnections, length = content.length): Promise<ByteConnection | undefined> {
  return pool.open(at(), request(length), NEVER);
}

/** Reads an answer to its end, at the pace of `onChunk`. */
async function readAll(
  connection: ByteConnection,
  length = content.length,
  onChunk: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let left = length; left > 0;) {
    const chunk = await connection.next();
    chunks.push(Buffer.from(chunk));
    left -= chunk.length;
    await onChunk();
    // The bytes are the consumer's until the next call.
    expect(chunk.equals(chunks.at(-1)!)).toBe(true);
  }
  return Buffer.concat(chunks);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('bytes', () => {
  it('arrive unchanged, for a fast and for a slow consumer', async () => {
    const pool = connections();
    for (const pace of [() => Promise.resolve(), turn]) {
      const connection = (await open(pool))!;
      expect((await readAll(connection, content.length, pace)).equals(content)).toBe(true);
      pool.release(connection);
    }
  });

  it('come in pieces of any size, the head too', async () => {
    serve = ({ ticket, secret, socket }) => {
      const all = Buffer.concat([formatHead({ ticket, secret }), content.subarray(0, 20_000)]);
      const pieces = [1, 20, 12, 7, 10_000, all.length];
      const send = (from: number): void => {
        if (from >= all.length) return;
        const to = Math.min(from + pieces.shift()!, all.length);
        socket.write(all.subarray(from, to), () => setImmediate(send, to));
      };
      send(0);
    };
    const connection = (await open(connections(), 20_000))!;
    expect((await readAll(connection, 20_000)).equals(content.subarray(0, 20_000))).toBe(true);
  });

  it('wait at the data plane while the consumer takes nothing', async () => {
    const large = Buffer.alloc(64 * MIB, 1);
    let sender: ReceivedRequest['socket'] | undefined;
    serve = ({ answer, socket }) => {
      sender = socket;
      answer(large);
    };
    const connection = (await open(connections(), large.length))!;
    await connection.next();
    let before = 0;
    let unchanged = 0;
    await waitUntil('the sender to stop', () => {
      unchanged = sender!.writableLength === before ? unchanged + 1 : 0;
      before = sender!.writableLength;
      return unchanged > 20;
    });
    expect(before).toBeGreaterThan(32 * MIB);
  });
});

describe('a connection', () => {
  it('is used again, and for one answer at a time', async () => {
    const pool = connections();
    const [first, second] = await Promise.all([open(pool), open(pool)]);
    for (const connection of [first!, second!]) {
      await readAll(connection);
      pool.release(connection);
    }
    const third = (await open(pool))!;
    expect(third).toBe(second);
    await readAll(third);
    expect(server.connections).toBe(2);
  });

  it('is not used again if its answer was left', async () => {
    const pool = connections();
    const connection = (await open(pool))!;
    await connection.next();
    pool.release(connection);
    expect(connection.isOpen).toBe(false);
    await waitUntil('the connection to be closed', () => server.sockets.size === 0);
    await readAll((await open(pool))!);
    expect(server.connections).toBe(2);
  });

  it('that the data plane has closed is replaced by a new one', async () => {
    const pool = connections();
    const connection = (await open(pool))!;
    await readAll(connection);
    pool.release(connection);
    // Closed at the moment of the next request, as a data plane does that restarts.
    serve = ({ connection: number, socket, answer }) => (number === 0 ? socket.destroy() : answer(content));
    expect((await readAll((await open(pool))!)).equals(content)).toBe(true);
    expect([server.connections, pool.isUsable]).toEqual([2, true]);
  });

  it('is closed when it was not used for a minute', async () => {
    const pool = connections();
    const connection = (await open(pool))!;
    await readAll(connection);
    pool.release(connection);
    clock.advance(59_000);
    expect(connection.isOpen).toBe(true);
    clock.advance(1_000);
    await waitUntil('the connection to be closed', () => server.sockets.size === 0);
  });

  it('on which bytes arrive that were not requested is closed', async () => {
    const pool = connections();
    const connection = (await open(pool))!;
    await readAll(connection);
    pool.release(connection);
    for (const socket of server.sockets) socket.write('x');
    await waitUntil('the connection to be closed', () => server.sockets.size === 0);
    expect(connection.isOpen).toBe(false);
  });

  it('is not used for another address of the data plane', async () => {
    const pool = connections();
    const connection = (await open(pool))!;
    await readAll(connection);
    pool.release(connection);
    const moved = await startByteServer(({ answer }) => answer(content));
    closers.push(() => moved.stop());
    await readAll((await pool.open(at(moved.port), request(), NEVER))!);
    expect([connection.isOpen, moved.connections]).toEqual([false, 1]);
  });

  it('is closed at the end of its answer if the data plane is not used any more', async () => {
    const pool = connections();
    const connection = (await open(pool))!;
    pool.close();
    expect((await readAll(connection)).equals(content)).toBe(true);
    pool.release(connection);
    expect(connection.isOpen).toBe(false);
    expect(await open(pool)).toBeUndefined();
  });
});

describe('an answer', () => {
  it('that ends too early rejects with ConnectionLost', async () => {
    serve = ({ answer, socket }) => {
      answer(content.subarray(0, MIB));
      socket.end();
    };
    await expect(readAll((await open(connections()))!)).rejects.toMatchObject({ name: 'ConnectionLost' });
  });

  it('that is longer than requested rejects, and no byte of the rest is used', async () => {
    serve = ({ answer }) => answer(content.subarray(0, 100_001));
    const connection = (await open(connections(), 100_000))!;
    const chunks: Buffer[] = [];
    const read = async (): Promise<never> => {
      for (;;) chunks.push(Buffer.from(await connection.next()));
    };
    await expect(read()).rejects.toMatchObject({ name: 'ConnectionLost' });
    expect(Buffer.concat(chunks).length).toBeLessThanOrEqual(100_000);
  });

  it('without bytes for five minutes rejects with TIMEOUT, but not while the consumer is slow', async () => {
    serve = ({ answer }) => answer(content.subarray(0, MIB));
    const connection = (await open(connections()))!;
    await connection.next();
    clock.advance(3_600_000);
    await readAll(connection, MIB / 2);
    const rest = (async (): Promise<never> => {
      for (;;) await connection.next();
    })();
    const failure = rest.catch((error: unknown) => error);
    await waitUntil('the end of the wait', () => {
      clock.advance(300_000);
      return !connection.isOpen;
    });
    expect(await failure).toMatchObject({ key: 'TIMEOUT' });
  });

  it('whose bytes were sent but do not arrive rejects with ConnectionLost within ten seconds', async () => {
    serve = ({ answer }) => answer(content.subarray(0, MIB));
    const pool = connections();
    const connection = (await open(pool))!;
    await readAll(connection, MIB);
    const next = connection.next();
    const failure = next.catch((error: unknown) => error);
    clock.advance(5_000);
    expect(connection.isOpen).toBe(true);
    connection.announceUnsent(content.length - MIB - 1);
    clock.advance(5_000);
    expect(connection.isOpen).toBe(true);
    clock.advance(5_000);
    expect(await failure).toMatchObject({ name: 'ConnectionLost' });
    pool.release(connection);
    expect([pool.isUsable, log.includes('bytes that were sent did not arrive')]).toEqual([false, true]);
  });

  it('whose call failed rejects with its failure', async () => {
    serve = ({ answer }) => answer(content.subarray(0, 10));
    const connection = (await open(connections()))!;
    await connection.next();
    const next = connection.next();
    connection.fail(new Error('The call failed'));
    await expect(next).rejects.toThrow('The call failed');
  });
});

describe('a byte channel that cannot be used', () => {
  const isPaused = async (pool: ByteConnections, asked = open(pool)): Promise<void> => {
    expect(await asked).toBeUndefined();
    expect(pool.isUsable).toBe(false);
    expect(log).toContain('The byte channel of a data plane cannot be used');
    clock.advance(29_999);
    expect(pool.isUsable).toBe(false);
    clock.advance(1);
    expect(pool.isUsable).toBe(true);
  };

  it('is not used for 30 seconds if its port is closed', async () => {
    await server.stop();
    await isPaused(connections());
  });

  it('is not used for 30 seconds if it does not answer within three seconds', async () => {
    let asked = false;
    serve = () => (asked = true);
    const pool = connections();
    const opening = open(pool);
    await waitUntil('the request', () => asked);
    clock.advance(3_000);
    await isPaused(pool, opening);
  });

  it('is not used for 30 seconds if the other side does not know the secret', async () => {
    serve = ({ ticket, socket }) => socket.write(formatHead({ ticket, secret: 'guessed' }));
    await isPaused(connections());
  });

  it('is not used for 30 seconds if it answers another ticket', async () => {
    serve = ({ secret, socket }) => socket.write(formatHead({ ticket: randomBytes(32), secret }));
    await isPaused(connections());
  });

  it('is not used for 30 seconds if it refuses the ticket of a call that goes on', async () => {
    serve = ({ socket }) => socket.destroy();
    const pool = connections();
    const opening = open(pool);
    await waitUntil('the end of the wait', async () => {
      clock.advance(1_000);
      await turn();
      return !pool.isUsable;
    });
    expect(await opening).toBeUndefined();
  });

  it('is tried by one blob after the pause, which doubles if that fails too', async () => {
    await server.stop();
    const pool = connections();
    await isPaused(pool);
    await open(pool);
    clock.advance(59_999);
    expect(pool.isUsable).toBe(false);
    clock.advance(1);
    const silent = await startByteServer(() => undefined);
    closers.push(() => silent.stop());
    const probing = pool.open(at(silent.port), request(), NEVER);
    await waitUntil('the connection', () => silent.connections === 1);
    expect(await pool.open(at(silent.port), request(), NEVER)).toBeUndefined();
    clock.advance(3_000);
    expect(await probing).toBeUndefined();
    expect(silent.connections).toBe(1);
  });

  it('is used by all again after it worked once', async () => {
    await server.stop();
    const pool = connections();
    await isPaused(pool);
    const back = await startByteServer(({ answer }) => answer(content));
    closers.push(() => back.stop());
    const connection = await pool.open(at(back.port), request(), NEVER);
    expect((await readAll(connection!)).equals(content)).toBe(true);
    const both = [pool.open(at(back.port), request(), NEVER), pool.open(at(back.port), request(), NEVER)];
    for (const one of await Promise.all(both)) expect(one).toBeDefined();
  });

  it('goes on being used if the ticket was refused because its call has failed', async () => {
    serve = ({ socket }) => socket.destroy();
    const pool = connections();
    const failed = Promise.reject(new Error('The call failed'));
    failed.catch(() => undefined);
    expect(await pool.open(at(), request(), failed)).toBeUndefined();
    expect([pool.isUsable, log]).toEqual([true, '']);
  });

  it('is not used for 30 seconds if another user could own its socket', async () => {
    const pool = connections();
    await isPaused(pool, pool.open({ kind: 'unix', path: '/tmp/bytes.sock' }, request(), NEVER));
  });
});
