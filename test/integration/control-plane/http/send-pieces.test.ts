import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendPieces } from '../../../../control-plane/src/http/send-pieces';
import { TestClock } from '../../../support/test-clock';

const PIECE = 'x'.repeat(256 * 1024);
const STALL_MS = 1000;

let server: Server;
let clock: TestClock;
/** How sending ended. */
let outcome: Promise<string>;
/** Number of pieces requested from the source, and whether the source was closed. */
let asked: number;
let ended: boolean;

async function* pieces(count: number, fails = false): AsyncGenerator<string, void, undefined> {
  try {
    for (let i = 0; i < count; i++) {
      asked += 1;
      await Promise.resolve();
      yield PIECE;
    }
    if (fails) throw new Error('the database went away');
  } finally {
    ended = true;
  }
}

async function start(count: number, fails = false): Promise<IncomingMessage> {
  clock = new TestClock();
  asked = 0;
  ended = false;
  let settle: (outcome: Promise<string>) => void = () => undefined;
  outcome = new Promise((resolve) => (settle = resolve));
  server = createServer((_request, response) => {
    const sent = sendPieces(response, pieces(count, fails), clock, STALL_MS);
    settle(sent.then(() => 'ended').catch((error: Error) => error.message));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answer.on('error', () => undefined);
  return answer;
}
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** `once` of node:events would reject if an error comes first. */
const closed = (answer: IncomingMessage): Promise<void> => new Promise((resolve) => answer.once('close', resolve));

/** Resolves when no more pieces are requested, because the sockets are full. */
async function standstill(): Promise<void> {
  for (let before = -1; before !== asked;) {
    before = asked;
    for (let i = 0; i < 50; i++) await new Promise((resume) => setImmediate(resume));
  }
}

test('sendPieces sends everything and ends the answer', async () => {
  const answer = await start(40);
  let bytes = 0;
  for await (const part of answer) bytes += (part as Buffer).length;
  expect(bytes).toBe(40 * PIECE.length);
  expect(answer.complete).toBe(true);
  expect(await outcome).toBe('ended');
});

test('a client that accepts no bytes pauses the source and is disconnected after a while', async () => {
  const answer = await start(10_000);
  await standstill();
  const before = asked;
  // Far fewer than all: what fits into the sockets, plus one piece.
  expect(before).toBeLessThan(200);
  clock.advance(STALL_MS - 1);
  await standstill();
  expect([asked, ended]).toEqual([before, false]);
  clock.advance(1);
  expect(await outcome).toBe('ended');
  expect(ended).toBe(true);
  answer.resume();
  await closed(answer);
  expect(answer.complete).toBe(false);
});

test('a client that disconnects closes the source', async () => {
  const answer = await start(10_000);
  await once(answer, 'data');
  answer.destroy();
  expect(await outcome).toBe('ended');
  expect(ended).toBe(true);
  expect(asked).toBeLessThan(200);
});

test('a source that fails breaks the connection, so that the answer does not look complete', async () => {
  const answer = await start(3, true);
  answer.resume();
  await closed(answer);
  expect(answer.complete).toBe(false);
  expect(await outcome).toBe('the database went away');
});
