import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { answer, type Answer, appendBytes, PIECE } from './answer';
import { FakeContents } from './contents';
import { type ActiveFault, type Fault, Faults } from './faults';
import { type LoggedRequest, RequestLog } from './request-log';
import { describeRequest } from './describe-request';

/**
 * A server with one bucket and the JSON API of Cloud Storage. Records its requests and fails on
 * request.
 */
export interface FakeGcs {
  readonly bucket: string;
  /** `http://127.0.0.1:port`, for STORAGE_EMULATOR_HOST. */
  readonly origin: string;
  readonly contents: FakeContents;
  /** All requests since the start, in the order of their arrival. */
  readonly requests: readonly LoggedRequest[];
  readonly openConnections: number;
  fault(fault: Fault): ActiveFault;
  clearFaults(): void;
  /** Resolves when the condition holds. Checks it after every change. */
  until(condition: () => boolean, timeoutMs?: number): Promise<void>;
  /** Cuts all connections and refuses new ones. */
  goAway(): Promise<void>;
  /** Listens again on the same address with the same contents. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a fake with the bucket `bucket` on a free port. The caller closes it. */
export async function startFakeGcs(bucket = 'layover-test'): Promise<FakeGcs> {
  const contents = new FakeContents();
  const faults = new Faults();
  const log = new RequestLog();
  const sockets = new Set<Socket>();
  let port = 0;
  const server = createServer((message, response) => {
    const entry = describeRequest(message, bucket);
    log.add(entry);
    response.on('close', () => {
      entry.aborted = !response.writableFinished;
      log.changed();
    });
    serve(message, response, entry).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      log.changed();
    });
  });
  const origin = (): string => `http://127.0.0.1:${port}`;

  async function serve(message: IncomingMessage, response: ServerResponse, entry: LoggedRequest): Promise<void> {
    const fault = faults.take(entry);
    log.changed();
    const body = await readBody(message, entry, fault);
    if (body === undefined) return;
    if (fault.delayMs !== undefined) await pause(fault.delayMs);
    await fault.until;
    if (fault.silent === true || response.destroyed) return;
    const headers = message.headers as Readonly<Record<string, string | undefined>>;
    const given: Answer =
      fault.status === undefined
        ? answer(contents, bucket, { entry, headers, body, origin: `http://${headers['host']}`, fault })
        : { status: fault.status };
    if (fault.loseAnswer === true) {
      response.destroy();
      return;
    }
    entry.status = given.status;
    response.writeHead(given.status, { ...given.headers, 'content-length': String(given.body?.length ?? 0) });
    await send(response, onTheWay(given.body ?? Buffer.alloc(0), fault), entry, fault);
    log.changed();
  }

  /** Returns undefined if the request was aborted. */
  async function readBody(message: IncomingMessage, entry: LoggedRequest, fault: Fault): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      entry.bytesReceived += chunk.length;
      log.changed();
      if (entry.bytesReceived > (fault.stopReadingAfterBytes ?? Infinity)) {
        message.pause();
        await new Promise<void>((resolve) => message.on('close', resolve));
        return undefined;
      }
      if (entry.bytesReceived > (fault.resetAfterBytes ?? Infinity)) {
        appendPieces(entry, Buffer.concat(chunks).subarray(0, fault.resetAfterBytes));
        message.socket.resetAndDestroy();
        return undefined;
      }
    }
    return Buffer.concat(chunks);
  }

  function appendPieces(entry: LoggedRequest, bytes: Buffer): void {
    const session = contents.sessions.get(entry.query['upload_id'] ?? '');
    if (session !== undefined) appendBytes(session, bytes.subarray(0, bytes.length - (bytes.length % PIECE)));
  }

  async function send(response: ServerResponse, body: Buffer, entry: LoggedRequest, fault: Fault): Promise<void> {
    const end = Math.min(body.length, fault.cutAfterBytes ?? Infinity, fault.stallAfterBytes ?? Infinity);
    for (let at = 0; at < end && !response.destroyed; at += PIECE) {
      const piece = body.subarray(at, Math.min(at + PIECE, end));
      entry.bytesSent += piece.length;
      await new Promise<void>((resolve) => {
        response.once('close', resolve);
        response.write(piece, () => {
          response.off('close', resolve);
          resolve();
        });
      });
    }
    if (fault.cutAfterBytes !== undefined) response.destroy();
    else if (fault.stallAfterBytes === undefined) response.end();
  }

  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  const goAway = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await listen();
  ({ port } = server.address() as AddressInfo);
  return {
    bucket,
    origin: origin(),
    contents,
    requests: log.all,
    get openConnections() {
      return sockets.size;
    },
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    until: (condition, timeoutMs = 10_000) => log.until(condition, timeoutMs),
    goAway,
    comeBack: listen,
    close: goAway,
  };
}

/** Returns a body as it arrives. */
function onTheWay(body: Buffer, { flipAt }: Fault): Buffer {
  if (flipAt === undefined) return body;
  const flipped = Buffer.from(body);
  flipped[flipAt]! ^= 1;
  return flipped;
}
