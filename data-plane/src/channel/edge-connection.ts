import type { Socket } from 'node:net';
import { linkSignals } from '../../../common/async/linked-signal';
import { onAbort } from '../../../common/async/until-aborted';
import {
  type ChannelRequest,
  formatHead,
  parseTicketRequest,
  REQUEST_BYTES,
} from '../../../common/channel/channel-frames';
import { LayoverError } from '../../../common/errors/layover-error';
import type { BufferPool } from '../../../common/files/buffer-pool';
import type { Clock } from '../../../common/runtime/clock';
import type { ByteOffers, RedeemedBytes } from './byte-offers';
import { sendBytes } from './send-bytes';
import { SocketWriter } from './socket-writer';

/** Time limits of a connection, in milliseconds. */
export interface ConnectionLimits {
  /** From the start of the connection to its first valid request, and within a request. */
  readonly requestMs: number;
  /** Between two requests. Longer than edges keep a connection without using it. */
  readonly idleMs: number;
  /** For a write of at most 512 KiB. A client with 1 KB/s needs almost nine minutes for it. */
  readonly stallMs: number;
}

/** Default limits. */
export const CONNECTION_LIMITS: ConnectionLimits = { requestMs: 10_000, idleMs: 90_000, stallMs: 1_200_000 };

/** Dependencies of EdgeConnection. */
export interface EdgeConnectionParts {
  readonly offers: ByteOffers;
  /** The secrets that edges may prove to know. */
  readonly secrets: readonly string[];
  readonly buffers: BufferPool;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  /** Called at the first valid request. */
  readonly onTrusted: () => void;
  /** Called when the connection is closed because of what the other side sent, or did not send. */
  readonly onRefused: (why: string) => void;
}

/**
 * Serves one connection of an edge: requests one after the other, each answered with a head and the
 * bytes of its ticket. Whatever else arrives closes the connection, without an answer.
 */
export class EdgeConnection {
  private readonly out: SocketWriter;
  /** The part of the next request that has arrived. */
  private request = Buffer.alloc(0);
  private isSending = false;
  private isTrusted = false;
  private cancelTimer: () => void;

  constructor(
    private readonly socket: Socket,
    private readonly parts: EdgeConnectionParts,
  ) {
    const { clock, limits } = parts;
    this.out = new SocketWriter(socket, { clock, stallMs: limits.stallMs });
    this.cancelTimer = clock.after(limits.requestMs, () => this.refuse('it sent no request in time'));
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    // An edge never ends its side alone.
    socket.on('end', () => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('close', () => this.cancelTimer());
  }

  private receive(chunk: Buffer): void {
    if (this.request.length + chunk.length > REQUEST_BYTES) {
      this.refuse('it sent more than a request');
      return;
    }
    this.request = Buffer.concat([this.request, chunk]);
    this.serveNext();
  }

  /**
   * Serves the next request if it is complete. It may arrive before the end of the last answer is
   * noticed here, because the edge has all bytes then.
   */
  private serveNext(): void {
    const { request, socket, parts } = this;
    if (this.isSending || request.length < REQUEST_BYTES || socket.destroyed) return;
    this.request = Buffer.alloc(0);
    const parsed = parseTicketRequest(request, parts.secrets);
    if (parsed === undefined) {
      this.refuse('its request is malformed or its secret is wrong');
      return;
    }
    const bytes = parts.offers.redeem(parsed.ticket);
    // Not an attack: the call may have ended meanwhile.
    if (bytes === undefined) socket.destroy();
    else void this.answer(parsed, bytes);
  }

  /** Sends the bytes. Never rejects. */
  private async answer(request: ChannelRequest, bytes: RedeemedBytes): Promise<void> {
    const { buffers, clock, limits, onTrusted } = this.parts;
    const { socket } = this;
    this.cancelTimer();
    this.isSending = true;
    if (!this.isTrusted) onTrusted();
    this.isTrusted = true;
    const link = linkSignals(bytes.signal);
    // Ends the write that waits for the edge, if there is one.
    const stopListening = onAbort(bytes.signal, () => socket.destroy());
    // Ends the wait for bytes of a fill.
    const onClose = (): void =>
      link.abort(new LayoverError('CANCELLED', { message: 'The edge closed the connection.' }));
    socket.once('close', onClose);
    let failure: unknown;
    try {
      await this.out.write(formatHead(request));
      await sendBytes({ ...bytes, signal: link.signal }, this.out, buffers.lease(bytes.range.length));
    } catch (error) {
      failure = error;
      // The edge must not take the bytes that it has for the whole range.
      socket.destroy();
    }
    stopListening();
    link.release();
    socket.off('close', onClose);
    this.isSending = false;
    if (!socket.destroyed) this.cancelTimer = clock.after(limits.idleMs, () => socket.destroy());
    bytes.over(failure);
    this.serveNext();
  }

  private refuse(why: string): void {
    if (this.socket.destroyed) return;
    this.parts.onRefused(why);
    this.socket.destroy();
  }
}
