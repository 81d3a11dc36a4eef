import { randomBytes } from 'node:crypto';
import { Deferred } from '../../../common/async/deferred';
import { type LinkedSignal, linkSignals } from '../../../common/async/linked-signal';
import { abortReason, onAbort } from '../../../common/async/until-aborted';
import { TICKET_BYTES } from '../../../common/channel/channel-frames';
import { LayoverError } from '../../../common/errors/layover-error';
import type { ResolvedRange } from '../../../common/oci/byte-range';
import type { Clock } from '../../../common/runtime/clock';
import type { BlobReader } from '../blobs/blob-source';

/**
 * Time that an edge has to come with its ticket, in milliseconds. It comes as soon as it has the
 * ticket, and gives up before this time is over.
 */
const REDEEM_MS = 10_000;

/** Bytes that an edge may read over the byte channel. */
export interface OfferedBytes {
  readonly reader: BlobReader;
  readonly range: ResolvedRange;
  /** Aborts when the call is over. */
  readonly signal: AbortSignal;
  /** Called with the number of bytes that were sent. Undefined if another answer counts them. */
  readonly onServed?: ((bytes: number) => void) | undefined;
}

/** Offered bytes that their call waits for. */
export interface ByteOffer {
  readonly ticket: Buffer;
  /**
   * Resolves when all bytes were sent. Rejects with the failure of the blob, with CANCELLED if the
   * edge did not come in time or its connection failed, and with the reason of the signal.
   */
  readonly sent: Promise<void>;
  /** Number of bytes that the kernel has taken so far. */
  readonly sentBytes: number;
  /** Ends the offer. Resolves when its reader is not used any more. Never rejects. */
  end(): Promise<void>;
}

/** Offered bytes in the hands of the connection that sends them. */
export interface RedeemedBytes extends OfferedBytes {
  /** Call with the number of bytes that were sent. */
  readonly onServed: (bytes: number) => void;
  /** Call once when all bytes were sent, or when they cannot be sent for this reason. */
  over(failure?: unknown): void;
}

/**
 * The offers of running calls, by ticket. A ticket is a random number that stands for one range of
 * one blob in one call to this process. It is valid once, and not longer than the call. It needs no
 * signature, because what it allows is kept here (ADR 47).
 */
export class ByteOffers {
  private readonly open = new Map<string, OpenOffer>();

  constructor(private readonly clock: Clock) {}

  /** Number of offers whose edges have not come yet. */
  get waiting(): number {
    return this.open.size;
  }

  /** Makes an offer. The caller ends it in any case. */
  offer(bytes: OfferedBytes): ByteOffer {
    const ticket = randomBytes(TICKET_BYTES);
    const key = keyOf(ticket);
    const offer = new OpenOffer(bytes, this.clock, () => this.open.delete(key));
    this.open.set(key, offer);
    return {
      ticket,
      sent: offer.sent,
      get sentBytes() {
        return offer.sentBytes;
      },
      end: () => offer.end(),
    };
  }

  /** Returns the bytes that a ticket stands for, once; undefined if it is not valid. */
  redeem(ticket: Buffer): RedeemedBytes | undefined {
    return this.open.get(keyOf(ticket))?.redeem();
  }
}

class OpenOffer {
  private readonly link: LinkedSignal;
  private readonly done = new Deferred();
  private readonly cancelTimer: () => void;
  /** Resolves when no connection uses the reader any more. */
  private released: Promise<void> = Promise.resolve();
  sentBytes = 0;

  constructor(
    private readonly bytes: OfferedBytes,
    clock: Clock,
    private readonly forget: () => void,
  ) {
    this.link = linkSignals(bytes.signal);
    onAbort(this.link.signal, () => this.done.reject(abortReason(this.link.signal)));
    this.cancelTimer = clock.after(REDEEM_MS, () => {
      this.forget();
      this.link.abort(new LayoverError('CANCELLED', { message: 'The edge did not read the bytes in time.' }));
    });
  }

  get sent(): Promise<void> {
    return this.done.promise;
  }

  redeem(): RedeemedBytes {
    this.forget();
    this.cancelTimer();
    const released = new Deferred();
    this.released = released.promise;
    return {
      ...this.bytes,
      signal: this.link.signal,
      onServed: (bytes) => {
        this.sentBytes += bytes;
        this.bytes.onServed?.(bytes);
      },
      over: (failure) => {
        if (failure === undefined) this.done.resolve();
        else this.done.reject(failure);
        released.resolve();
      },
    };
  }

  end(): Promise<void> {
    this.forget();
    this.cancelTimer();
    this.link.abort(new LayoverError('CANCELLED'));
    this.link.release();
    return this.released;
  }
}

function keyOf(ticket: Buffer): string {
  return ticket.toString('latin1');
}
