import { connect, type Socket } from 'node:net';

/** An answer to a request of the load client. */
export interface LoadAnswer {
  readonly status: number;
  /** Received bytes of the body. */
  readonly bytes: number;
  /** When the first byte of the body arrived, on the clock of `performance.now()`. */
  readonly firstByteAt: number | undefined;
}

/** A request in the words of HTTP/1.1, ready to be sent. */
export interface LoadRequest {
  readonly bytes: Buffer;
  /** True for HEAD, whose answer has no body. */
  readonly isHead: boolean;
}

interface Pending {
  readonly isHead: boolean;
  readonly onBody: ((chunk: Buffer) => void) | undefined;
  readonly resolve: (answer: LoadAnswer) => void;
  readonly reject: (error: Error) => void;
}

const END_OF_HEADERS = Buffer.from('\r\n\r\n');
const NOTHING: Buffer = Buffer.alloc(0);
const DEFAULT_BUFFER = 64 * 1024;

/** Formats a request. `host` is `host:port`. */
export function formatRequest(
  method: 'GET' | 'HEAD',
  host: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): LoadRequest {
  const lines = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return { bytes: Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), isHead: method === 'HEAD' };
}

/**
 * One connection of the load client, with one request at a time. As cheap as Node.js allows: it
 * reads into one buffer and looks at the status and the Content-Length only, so that the measured
 * cost is that of the server. Connects on the first request, and again after the server has closed
 * the connection between two requests.
 */
export class LoadConnection {
  private readonly buffer: Buffer;
  private socket: Socket | undefined;
  private pending: Pending | undefined;
  /** The beginning of headers that did not arrive at once. */
  private head = NOTHING;
  /** Bytes of the body that are missing; undefined while the headers are. */
  private left: number | undefined;
  private status = 0;
  private received = 0;
  private firstByteAt: number | undefined;
  private closesAfter = false;

  /** `host` is `host:port`. Larger buffers are cheaper for large bodies. */
  constructor(
    private readonly host: string,
    bufferBytes = DEFAULT_BUFFER,
  ) {
    this.buffer = Buffer.allocUnsafe(bufferBytes);
  }

  /**
   * Sends a request and reads the answer, whatever its status is. `onBody` receives the body in
   * chunks that are overwritten afterwards. Rejects if the connection breaks, or if the answer does
   * not say how long it is.
   */
  send(request: LoadRequest, onBody?: (chunk: Buffer) => void): Promise<LoadAnswer> {
    return new Promise((resolve, reject) => {
      if (this.pending !== undefined) return reject(new Error('The connection already waits for an answer'));
      this.pending = { isHead: request.isHead, onBody, resolve, reject };
      this.socket ??= this.open();
      this.socket.write(request.bytes);
    });
  }

  /** Closes the connection. A request that waits for its answer is rejected. */
  close(): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.destroy();
    this.fail('it was closed');
  }

  private open(): Socket {
    const { hostname, port } = new URL(`http://${this.host}`);
    const callback = (length: number): boolean => {
      this.read(this.buffer.subarray(0, length));
      return true;
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: this.buffer, callback },
    });
    socket.once('error', (error) => this.lose(socket, error.message));
    socket.once('close', () => this.lose(socket, 'the server closed it'));
    return socket;
  }

  private lose(socket: Socket, why: string): void {
    if (this.socket !== socket) return;
    this.socket = undefined;
    this.fail(why);
  }

  private fail(why: string): void {
    const { pending } = this;
    const at = this.left === undefined ? 'the answer' : `the end, ${this.left} bytes early`;
    this.reset();
    pending?.reject(new Error(`The connection to ${this.host} broke before ${at}: ${why}`));
  }

  private reset(): void {
    this.pending = undefined;
    this.head = NOTHING;
    this.left = undefined;
    this.received = 0;
    this.firstByteAt = undefined;
  }

  private read(chunk: Buffer): void {
    if (this.pending === undefined) return this.close();
    const body = this.left === undefined ? this.readHeaders(chunk, this.pending) : chunk;
    if (body === undefined || this.left === undefined) return;
    if (body.length > 0) {
      this.firstByteAt ??= performance.now();
      this.pending.onBody?.(body);
      this.left -= body.length;
      this.received += body.length;
    }
    if (this.left > 0) return;
    const { pending, status, received: bytes, firstByteAt, left } = this;
    if (left < 0) return this.breakOff('the body is longer than its Content-Length');
    this.reset();
    if (this.closesAfter) this.close();
    pending.resolve({ status, bytes, firstByteAt });
  }

  /** Returns the part of the body that follows the headers, or undefined if they are incomplete. */
  private readHeaders(chunk: Buffer, { isHead }: Pending): Buffer | undefined {
    const all = this.head.length === 0 ? chunk : Buffer.concat([this.head, chunk]);
    const end = all.indexOf(END_OF_HEADERS);
    if (end === -1) {
      // A copy, because the next read overwrites the buffer.
      this.head = Buffer.from(all);
      return undefined;
    }
    const text = all.toString('latin1', 0, end);
    this.head = NOTHING;
    this.status = Number(text.slice(9, 12));
    this.closesAfter = /\r\nconnection: *close/i.test(text);
    const length = isHead || this.status === 304 ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1]);
    if (Number.isNaN(length)) {
      this.breakOff('the answer has no Content-Length');
      return undefined;
    }
    this.left = length;
    return all.subarray(end + END_OF_HEADERS.length);
  }

  private breakOff(why: string): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.destroy();
    this.fail(why);
  }
}
