import { ReadAhead } from '../../../../../edge-http/src/registry/channel/read-ahead';

const KIB = 1024;

/** A socket that writes a counting sequence into the room, as Node.js does. */
class Source {
  private next = 0;
  private room: Buffer;

  constructor(private readonly ahead: ReadAhead) {
    this.room = ahead.room;
  }

  /** Returns false if the buffers are full, so that no read happens. */
  read(most: number, isAwaited = false): boolean {
    if (this.ahead.isFull) return false;
    const count = Math.min(most, this.room.length);
    for (let at = 0; at < count; at += 1) this.room[at] = this.next++ % 251;
    this.ahead.arrived(count, isAwaited);
    // Node.js asks for the next place now, whatever happens before the next read.
    this.room = this.ahead.room;
    return true;
  }
}

/** A consumer that checks the sequence, and that the bytes it holds do not change. */
class Consumer {
  private expected = 0;
  private held: { readonly chunk: Buffer; readonly copy: Buffer } | undefined;

  constructor(private readonly ahead: ReadAhead) {}

  take(): number {
    this.check();
    const chunk = this.ahead.take();
    this.held = chunk && { chunk, copy: Buffer.from(chunk) };
    for (const byte of chunk ?? []) {
      if (byte !== this.expected % 251) throw new Error(`Byte ${this.expected} is wrong`);
      this.expected += 1;
    }
    return chunk?.length ?? 0;
  }

  check(): void {
    if (this.held !== undefined && !this.held.chunk.equals(this.held.copy)) throw new Error('Taken bytes changed');
  }
}

function setUp(size: number) {
  const ahead = new ReadAhead([Buffer.alloc(size), Buffer.alloc(size)]);
  return { ahead, source: new Source(ahead), consumer: new Consumer(ahead) };
}

test('an awaiting consumer gets each read at once, with a whole buffer for the next one', () => {
  const { ahead, source, consumer } = setUp(512 * KIB);
  for (let turn = 0; turn < 10; turn += 1) {
    expect(consumer.take()).toBe(0);
    source.read(300 * KIB, true);
    expect(consumer.take()).toBe(300 * KIB);
    expect(ahead.room).toHaveLength(512 * KIB);
  }
});

test('bytes collect while the consumer is busy, until both buffers are used', () => {
  const { ahead, source, consumer } = setUp(512 * KIB);
  source.read(100 * KIB);
  expect(consumer.take()).toBe(100 * KIB);
  let collected = 0;
  while (source.read(50 * KIB)) collected += 50 * KIB;
  expect(ahead.isFull).toBe(true);
  expect(collected).toBeGreaterThan(600 * KIB);
  expect(collected).toBeLessThan(924 * KIB);
  let taken = 0;
  for (let chunk = consumer.take(); chunk > 0; chunk = consumer.take()) taken += chunk;
  expect(taken).toBe(collected);
  expect(ahead.isFull).toBe(false);
});

test('reading goes on when the consumer has returned the buffer that is needed', () => {
  const { ahead, source, consumer } = setUp(64 * KIB);
  source.read(64 * KIB);
  source.read(64 * KIB);
  expect([ahead.isFull, source.read(1)]).toEqual([true, false]);
  consumer.take();
  expect(ahead.isFull).toBe(true);
  consumer.take();
  expect(ahead.isFull).toBe(false);
  expect(source.read(64 * KIB)).toBe(true);
  consumer.take();
});

test('random reads and takes keep the order, and change no bytes that are in use', () => {
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  for (const size of [64 * KIB, 65 * KIB, 128 * KIB, 512 * KIB]) {
    const { source, consumer } = setUp(size);
    for (let step = 0; step < 300; step += 1) {
      if (random(2) === 0) source.read(1 + random(size));
      else if (consumer.take() === 0) {
        source.read(1 + random(size), true);
        expect(consumer.take()).toBeGreaterThan(0);
      }
      consumer.check();
    }
  }
});
