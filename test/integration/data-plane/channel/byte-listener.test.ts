import { readdirSync, readlinkSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Condition } from '../../../../common/async/condition';
import { formatTicketRequest, HEAD_BYTES, isHeadFor } from '../../../../common/channel/channel-frames';
import { LayoverError } from '../../../../common/errors/layover-error';
import { openPlaneSecurity } from '../../../../common/grpc/plane-security';
import type { ResolvedRange } from '../../../../common/oci/byte-range';
import { createLogger } from '../../../../common/runtime/logger';
import { PLAIN_PLANES } from '../../../../common/security/plane-security-config';
import type { BlobReader } from '../../../../data-plane/src/blobs/blob-source';
import { WITHHELD_BYTES } from '../../../../data-plane/src/store/withheld-bytes';
import { ByteListener, type ByteListenerOptions } from '../../../../data-plane/src/channel/byte-listener';
import type { ByteOffer } from '../../../../data-plane/src/channel/byte-offers';
import { bytes, type FillSetup, setUpFills, until } from '../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../support/data-plane/fills/fake-upstream';
import { PLANE_SECRET } from '../../../support/plane-secret';
import { temporaryFolder } from '../../../support/real/temporary-folder';
import { TestClock } from '../../../support/test-clock';

const MIB = 1024 * 1024;
const BIG = 64 * MIB;

let log = '';
const logger = createLogger('test', 'trace', { write: (line: string) => void (log += line) });
const closers: (() => unknown)[] = [];
let clock: TestClock;
let setup: FillSetup;
beforeEach(async () => {
  log = '';
  clock = new TestClock();
  setup = await setUpFills();
  closers.push(() => setup.dispose());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Listening {
  readonly listener: ByteListener;
  readonly at: { readonly port: number; readonly host: string } | { readonly path: string };
}

async function start(options: Partial<ByteListenerOptions> = {}): Promise<Listening> {
  const security = openPlaneSecurity({ ...PLAIN_PLANES, secret: PLANE_SECRET }, clock, logger);
  closers.push(() => security.close());
  const listen = options.listen ?? ({ kind: 'tcp', host: '127.0.0.1', port: 0 } as const);
  const listener = new ByteListener({ listen, sockets: security.sockets, clock, logger, ...options });
  closers.push(() => listener.stop());
  const bound = await listener.start();
  return { listener, at: bound.kind === 'unix' ? { path: bound.path } : { port: bound.port, host: bound.host } };
}

/** The other side of a connection: collects what arrives, unless it is paused. */
class Peer {
  readonly socket: Socket;
  isClosed = false;
  private readonly chunks: Buffer[] = [];
  private readonly changes = new Condition();

  constructor(at: Listening['at']) {
    this.socket = connect(at);
    this.socket.on('data', (chunk) => {
      this.chunks.push(chunk);
      this.changes.notifyAll();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.isClosed = true;
      this.changes.notifyAll();
    });
    closers.push(() => this.socket.destroy());
  }

  ask({ ticket }: ByteOffer, secret = PLANE_SECRET): void {
    this.socket.write(formatTicketRequest(ticket, secret));
  }

  /** Resolves with `length` received bytes, or with fewer if the connection was closed. */
  async receive(length: number): Promise<Buffer> {
    while (!this.isClosed && this.received < length) await this.changes.wait();
    const all = Buffer.concat(this.chunks.splice(0));
    if (all.length > length) this.chunks.push(all.subarray(length));
    return all.subarray(0, length);
  }

  /** Resolves with the body of an answer, after its head was checked. */
  async body({ ticket }: ByteOffer, length: number): Promise<Buffer> {
    expect(isHeadFor(await this.receive(HEAD_BYTES), ticket, PLANE_SECRET)).toBe(true);
    return this.receive(length);
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.changes.wait();
  }

  get received(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
}

interface Blob {
  readonly content: Buffer;
  readonly reader: BlobReader;
}

async function stored(size: number, seed = 'stored'): Promise<Blob> {
  const upstream = new FakeUpstream(bytes(size, seed));
  await setup.fills.complete(upstream.request());
  return { content: upstream.content, reader: await setup.source.open(upstream.request()) };
}

interface Offered extends ByteOffer {
  /** The failure of the call, or undefined if all bytes were sent. */
  readonly outcome: Promise<unknown>;
  readonly caller: AbortController;
  served(): number;
}

/** Offers a range of a blob like a call, which ends the offer and closes the reader. */
function offer({ listener }: Listening, { reader }: Pick<Blob, 'reader'>, range?: ResolvedRange): Offered {
  let served = 0;
  const caller = new AbortController();
  const made = listener.offer({
    reader,
    range: range ?? { offset: 0, length: reader.size },
    signal: caller.signal,
    onServed: (count) => (served += count),
  })!;
  const outcome = made.sent.then(
    () => undefined,
    (error: unknown) => error,
  );
  const over = outcome.finally(async () => {
    await made.end();
    await reader.close();
  });
  return { ...made, outcome: over, caller, served: () => served };
}

/** Returns how many file descriptors of this process are open for a blob or its spool file. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(setup.blobDirectory) || target.startsWith(setup.spoolDirectory);
    } catch {
      return false;
    }
  }).length;
}

/** Resolves when a write waits for the edge, because the buffers of the kernel are full. */
async function untilBlocked({ served }: Offered): Promise<void> {
  let before = 0;
  let unchanged = 0;
  await until(() => {
    unchanged = served() === before ? unchanged + 1 : 0;
    before = served();
    return unchanged > 2_000;
  });
}

describe('an edge with a ticket', () => {
  it('gets the range of a stored blob, which counts as served', async () => {
    const listening = await start();
    const blob = await stored(3 * MIB);
    const offered = offer(listening, blob, { offset: 1000, length: 2 * MIB });
    const peer = new Peer(listening.at);
    peer.ask(offered);
    const body = await peer.body(offered, 2 * MIB);
    expect(body.equals(blob.content.subarray(1000, 1000 + 2 * MIB))).toBe(true);
    expect([await offered.outcome, offered.served()]).toEqual([undefined, 2 * MIB]);
    expect(openFiles()).toBe(0);
  });

  it('gets several blobs over one connection', async () => {
    const listening = await start();
    const blobs = [await stored(MIB, 'one'), await stored(2 * MIB, 'two'), await stored(3 * MIB, 'three')];
    const peer = new Peer(listening.at);
    for (const blob of blobs) {
      const offered = offer(listening, blob);
      peer.ask(offered);
      expect((await peer.body(offered, blob.content.length)).equals(blob.content)).toBe(true);
    }
    expect(listening.listener.counts()).toEqual({ connections: 1, refused: 0 });
  });

  it('may ask for the next blob before the data plane knows that the last one has arrived', async () => {
    const listening = await start();
    const [one, two] = [await stored(BIG, 'one'), await stored(MIB, 'two')];
    const peer = new Peer(listening.at);
    const [first, second] = [offer(listening, one), offer(listening, two)];
    peer.ask(first);
    const begun = await peer.body(first, MIB);
    peer.ask(second);
    expect(Buffer.concat([begun, await peer.receive(BIG - MIB)]).equals(one.content)).toBe(true);
    expect((await peer.body(second, MIB)).equals(two.content)).toBe(true);
  });

  it('gets a blob over a Unix socket', async () => {
    const folder = await temporaryFolder('bytes');
    closers.push(() => folder.remove());
    const listening = await start({ listen: { kind: 'unix', path: join(folder.path, 'bytes.sock') } });
    const blob = await stored(MIB);
    const offered = offer(listening, blob);
    const peer = new Peer(listening.at);
    peer.ask(offered);
    expect((await peer.body(offered, MIB)).equals(blob.content)).toBe(true);
    await listening.listener.stop();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('gets a growing fill as it arrives, except the withheld bytes', async () => {
    const listening = await start();
    const gates = [new Gate(), new Gate()] as const;
    const upstream = new FakeUpstream(bytes(4 * MIB), [{ holdAt: { offset: 2 * MIB, until: gates[0].passed } }]);
    const reader = await setup.source.open(upstream.request());
    const offered = offer(listening, { reader });
    const peer = new Peer(listening.at);
    peer.ask(offered);
    const half = await peer.body(offered, 2 * MIB);
    expect(half.equals(upstream.content.subarray(0, 2 * MIB))).toBe(true);
    gates[0].open();
    const rest = await peer.receive(2 * MIB);
    expect(rest.equals(upstream.content.subarray(2 * MIB))).toBe(true);
    expect(await offered.outcome).toBeUndefined();
  });

  it('gets no withheld byte of a blob with a wrong digest, and its connection is closed', async () => {
    const listening = await start();
    const content = bytes(4 * MIB);
    const wrong = Buffer.from(content);
    wrong[5]! ^= 1;
    const upstream = new FakeUpstream(content, [{ content: wrong }]);
    const offered = offer(listening, { reader: await setup.source.open(upstream.request()) });
    const peer = new Peer(listening.at);
    peer.ask(offered);
    const got = await peer.body(offered, 4 * MIB);
    expect(got.length).toBeLessThanOrEqual(4 * MIB - WITHHELD_BYTES);
    expect(peer.isClosed).toBe(true);
    expect(await offered.outcome).toMatchObject({ key: 'UPSTREAM_CONTENT' });
    await until(() => openFiles() === 0);
  });

  it('gets all of a blob that is deleted in the middle', async () => {
    const listening = await start();
    const blob = await stored(BIG);
    const offered = offer(listening, blob);
    const peer = new Peer(listening.at);
    peer.ask(offered);
    const begun = await peer.body(offered, MIB);
    await unlink(blob.reader.path!);
    const rest = await peer.receive(BIG - MIB);
    expect(Buffer.concat([begun, rest]).equals(blob.content)).toBe(true);
  });
});

describe('an edge that leaves', () => {
  it('in the middle of a blob ends its call, and nothing stays open', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(BIG));
    const peer = new Peer(listening.at);
    peer.ask(offered);
    await peer.body(offered, MIB);
    peer.socket.destroy();
    expect(await offered.outcome).toMatchObject({ key: 'CANCELLED' });
    expect(offered.served()).toBeLessThan(BIG);
    await until(() => listening.listener.counts().connections === 0 && openFiles() === 0);
  });

  it('while the fill has no bytes for it ends its call', async () => {
    const listening = await start();
    const never = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: 0, until: never.passed } }]);
    const offered = offer(listening, { reader: await setup.source.open(upstream.request()) });
    const peer = new Peer(listening.at);
    peer.ask(offered);
    await peer.body(offered, 0);
    peer.socket.end();
    expect(await offered.outcome).toMatchObject({ key: 'CANCELLED' });
  });

  it('closes the connection of its call', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(BIG));
    const peer = new Peer(listening.at);
    peer.ask(offered);
    await peer.body(offered, MIB);
    offered.caller.abort(new LayoverError('CANCELLED'));
    await peer.closed();
    expect(await offered.outcome).toMatchObject({ key: 'CANCELLED' });
    await until(() => openFiles() === 0);
  });

  it('closes the connection of its call, also if it reads nothing', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(BIG));
    const peer = new Peer(listening.at);
    peer.ask(offered);
    await peer.body(offered, MIB);
    peer.socket.pause();
    await untilBlocked(offered);
    offered.caller.abort(new LayoverError('CANCELLED'));
    expect(await offered.outcome).toMatchObject({ key: 'CANCELLED' });
    await until(() => openFiles() === 0);
  });

  it('reads nothing for twenty minutes is cut; the data plane keeps no more than two buffers', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(BIG));
    const peer = new Peer(listening.at);
    peer.socket.pause();
    peer.ask(offered);
    await until(() => offered.served() > 0);
    await untilBlocked(offered);
    // What was sent is in the buffers of the kernel.
    expect(offered.served()).toBeLessThan(BIG / 2);
    clock.advance(1_199_000);
    expect(listening.listener.counts().connections).toBe(1);
    clock.advance(1_000);
    expect(await offered.outcome).toMatchObject({ key: 'CANCELLED' });
    await until(() => openFiles() === 0);
  });
});

describe('a connection without a valid request', () => {
  const isClosedAfter = async (listening: Listening, send: Buffer): Promise<Buffer> => {
    const peer = new Peer(listening.at);
    peer.socket.write(send);
    await peer.closed();
    return peer.receive(1);
  };

  it('is closed without an answer: garbage, a forged or used ticket, a wrong secret, a long request', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(MIB));
    const request = formatTicketRequest(offered.ticket, PLANE_SECRET);
    const forged = formatTicketRequest(Buffer.alloc(32, 7), PLANE_SECRET);
    for (const bad of [
      Buffer.from(`GET / HTTP/1.1\r\nHost: layover\r\n\r\n${' '.repeat(100)}`),
      forged,
      formatTicketRequest(offered.ticket, 'another-secret'),
      Buffer.concat([request, Buffer.alloc(1)]),
    ])
      expect(await isClosedAfter(listening, bad)).toHaveLength(0);
    const peer = new Peer(listening.at);
    peer.ask(offered);
    expect(await peer.body(offered, MIB)).toHaveLength(MIB);
    expect(await isClosedAfter(listening, request)).toHaveLength(0);
    expect(log).toContain('A connection to the byte channel was refused');
    expect(log).not.toContain(offered.ticket.toString('hex'));
  });

  it('is closed when it is silent, or slow, for ten seconds', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(MIB));
    const request = formatTicketRequest(offered.ticket, PLANE_SECRET);
    const [silent, slow] = [new Peer(listening.at), new Peer(listening.at)];
    slow.socket.write(request.subarray(0, 20));
    await until(() => listening.listener.counts().connections === 2);
    clock.advance(9_000);
    slow.socket.write(request.subarray(20, 40));
    clock.advance(1_000);
    await Promise.all([silent.closed(), slow.closed()]);
    expect(listening.listener.counts()).toEqual({ connections: 0, refused: 2 });
  });

  it('is replaced by newer ones if there are many, and edges are served meanwhile', async () => {
    const listening = await start({ limits: { maxUntrusted: 3 } });
    const blob = await stored(MIB);
    const trusted = new Peer(listening.at);
    const first = offer(listening, blob);
    trusted.ask(first);
    await trusted.body(first, MIB);
    const silent: Peer[] = [];
    for (let count = 1; count <= 10; count += 1) {
      silent.push(new Peer(listening.at));
      await until(() => listening.listener.counts().connections === Math.min(count, 3) + 1);
    }
    await Promise.all(silent.slice(0, 7).map((peer) => peer.closed()));
    const second = offer(listening, await stored(MIB));
    const edge = new Peer(listening.at);
    edge.ask(second);
    expect(await edge.body(second, MIB)).toHaveLength(MIB);
    expect(trusted.isClosed).toBe(false);
  });

  it('is closed if bytes arrive that are no further request', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(BIG));
    const peer = new Peer(listening.at);
    peer.ask(offered);
    await peer.body(offered, MIB);
    peer.socket.write(Buffer.alloc(200));
    await peer.closed();
    expect(await offered.outcome).toMatchObject({ key: 'CANCELLED' });
  });
});

describe('a listener', () => {
  it('closes a connection that is not used for ninety seconds', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(MIB));
    const peer = new Peer(listening.at);
    peer.ask(offered);
    await peer.body(offered, MIB);
    await offered.outcome;
    clock.advance(89_000);
    expect(peer.isClosed).toBe(false);
    clock.advance(1_000);
    await peer.closed();
  });

  it('offers nothing before it listens and after it has stopped', async () => {
    const listening = await start();
    const { reader } = await stored(MIB);
    const signal = new AbortController().signal;
    const bytesOfBlob = { reader, range: { offset: 0, length: MIB }, signal };
    const security = openPlaneSecurity({ ...PLAIN_PLANES, secret: PLANE_SECRET }, clock, logger);
    const other = new ByteListener({
      ...{ listen: { kind: 'tcp', host: '127.0.0.1', port: 0 }, sockets: security.sockets, clock, logger },
    });
    expect(other.offer(bytesOfBlob)).toBeUndefined();
    await other.stop();
    await listening.listener.stop();
    expect(listening.listener.offer(bytesOfBlob)).toBeUndefined();
    await reader.close();
    security.close();
  });

  it('that stops cuts the connections that still send', async () => {
    const listening = await start();
    const offered = offer(listening, await stored(BIG));
    const peer = new Peer(listening.at);
    peer.ask(offered);
    await peer.body(offered, MIB);
    await listening.listener.stop();
    await peer.closed();
    expect(await offered.outcome).toMatchObject({ key: 'CANCELLED' });
  });
});
