import type { Socket } from 'node:net';
import type { Fault } from './fault';

/**
 * A chunk of at least this many bytes to the server begins a request. Shorter ones are
 * housekeeping: a ping of HTTP/2 with its window update has 30 bytes.
 */
const REQUEST_BYTES = 40;
/** Interval at which pieces of a throttled answer are sent, in milliseconds. */
const DRIP_MS = 50;
/** A connection that was closed in order is destroyed if its peers keep it open for longer. */
const LINGER_MS = 1000;

/** A fault that strikes when this many bytes of an answer have passed. */
export interface ArmedStrike {
  readonly fault: Fault;
  readonly afterBytes: number;
}

/** One relayed connection. Bytes pass unchanged in both directions until a fault strikes. */
export class Passage {
  private requestBegan = false;
  private answeredBytes = 0;
  private answersAreLost = false;
  private requestsAreLost = false;
  private holdsAnswers = false;
  private holdsRequests = false;
  private readonly heldEnds: (() => void)[] = [];
  private invertsNext = false;
  private bytesPerSecond: number | undefined;

  /**
   * `armed` returns the strike that waits for a connection, and `struck` is called when this
   * connection has met it.
   */
  constructor(
    private readonly caller: Socket,
    private readonly server: Socket,
    private readonly armed: () => ArmedStrike | undefined,
    private readonly struck: (passage: Passage, strike: ArmedStrike) => void,
  ) {
    for (const socket of [caller, server]) {
      socket.setNoDelay(true);
      // The event `close` follows.
      socket.on('error', () => undefined);
    }
    caller.on('data', (bytes: Buffer) => this.onRequest(bytes));
    server.on('data', (bytes: Buffer) => this.onAnswer(bytes));
    caller.on('drain', () => this.holdsAnswers || server.resume());
    server.on('drain', () => this.holdsRequests || caller.resume());
    caller.on('end', () => this.requestsAreLost || server.end());
    server.on('end', () => this.answersAreLost || this.afterHold(() => caller.end()));
    caller.on('close', (hadError) => this.requestsAreLost || endOther(server, hadError));
    server.on('close', (hadError) => this.answersAreLost || this.afterHold(() => endOther(caller, hadError)));
  }

  /** Bytes of answers since the first request after {@link mark}. */
  get answered(): number {
    return this.answeredBytes;
  }

  get isSilenced(): boolean {
    return this.answersAreLost;
  }

  /** Counts from zero. Bytes count when a request has begun. */
  mark(): void {
    this.requestBegan = false;
    this.answeredBytes = 0;
  }

  /** Ends a throttle. What was lost or closed stays so. */
  heal(): void {
    this.bytesPerSecond = undefined;
    this.invertsNext = false;
  }

  /** Lets a fault happen now. `rest` are bytes of the answer that have not passed yet. */
  strike(fault: Fault, rest: Buffer = Buffer.alloc(0)): void {
    switch (fault.kind) {
      case 'delay':
        // Held by an earlier delay or throttle.
        if (this.holdsAnswers) return;
        this.holdsAnswers = true;
        this.holdsRequests = true;
        this.server.pause();
        this.caller.pause();
        setTimeout(() => {
          this.holdsAnswers = false;
          this.holdsRequests = false;
          this.server.resume();
          this.caller.resume();
          this.answer(rest);
          this.releaseEnd();
        }, fault.delayMs);
        return;
      case 'throttle':
        this.bytesPerSecond = fault.bytesPerSecond;
        this.answer(rest);
        return;
      case 'corrupt':
        this.invertsNext = true;
        this.answer(rest);
        return;
      case 'cut':
        this.loseEverything();
        for (const socket of [this.caller, this.server]) {
          socket.end();
          setTimeout(() => socket.destroy(), LINGER_MS);
        }
        return;
      case 'half-close':
        this.answersAreLost = true;
        this.caller.end();
        return;
      case 'reset':
        this.reset();
        return;
      case 'swallow':
        this.loseEverything();
        return;
      case 'never-answer':
        this.answersAreLost = true;
        return;
    }
  }

  /** Resets both ends when the bytes that have passed are on their way. */
  reset(): void {
    this.loseEverything();
    resetNow(this.server);
    if (this.caller.writable) this.caller.write('', () => resetNow(this.caller));
    else resetNow(this.caller);
  }

  destroy(): void {
    this.caller.destroy();
    this.server.destroy();
  }

  private loseEverything(): void {
    this.answersAreLost = true;
    this.requestsAreLost = true;
  }

  private onRequest(bytes: Buffer): void {
    if (this.requestsAreLost) return;
    if (bytes.length >= REQUEST_BYTES) this.requestBegan = true;
    if (!this.server.write(bytes)) this.caller.pause();
  }

  private onAnswer(bytes: Buffer): void {
    if (this.answersAreLost) return;
    const strike = this.requestBegan ? this.armed() : undefined;
    const before = this.answeredBytes;
    if (this.requestBegan) this.answeredBytes += bytes.length;
    if (strike === undefined || this.answeredBytes <= strike.afterBytes) return this.answer(bytes);
    const passing = Math.max(0, strike.afterBytes - before);
    if (passing > 0) this.answer(bytes.subarray(0, passing));
    this.struck(this, strike);
    this.strike(strike.fault, bytes.subarray(passing));
  }

  private answer(bytes: Buffer): void {
    if (bytes.length === 0 || this.caller.destroyed) return;
    let sent = bytes;
    if (this.invertsNext) {
      this.invertsNext = false;
      sent = Buffer.from(bytes);
      sent[0] = sent[0]! ^ 0xff;
    }
    if (this.bytesPerSecond !== undefined) this.drip(sent, this.bytesPerSecond);
    else if (!this.caller.write(sent)) this.server.pause();
  }

  /** A socket that is paused still reports its end, which must not overtake bytes that are held. */
  private afterHold(end: () => void): void {
    if (this.holdsAnswers) this.heldEnds.push(end);
    else end();
  }

  private releaseEnd(): void {
    if (!this.holdsAnswers) for (const end of this.heldEnds.splice(0)) end();
  }

  private drip(bytes: Buffer, bytesPerSecond: number): void {
    const piece = Math.max(1, Math.round((bytesPerSecond * DRIP_MS) / 1000));
    this.holdsAnswers = true;
    this.server.pause();
    const next = (at: number): void => {
      if (this.answersAreLost || this.caller.destroyed) return;
      if (at >= bytes.length) {
        this.holdsAnswers = false;
        this.server.resume();
        this.releaseEnd();
        return;
      }
      const to = this.bytesPerSecond === undefined ? bytes.length : at + piece;
      this.caller.write(bytes.subarray(at, to));
      setTimeout(() => next(to), DRIP_MS);
    };
    next(0);
  }
}

function endOther(other: Socket, hadError: boolean): void {
  if (hadError) resetNow(other);
  else other.destroySoon();
}

/** Unix sockets have no reset. */
function resetNow(socket: Socket): void {
  if (socket.destroyed) return;
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}
