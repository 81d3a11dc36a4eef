import type { Clock } from '../../../../common/runtime/clock';
import type { FillLimits } from './fill-limits';
import type { FillRequest } from './fills';

/** A participant of a fill. */
export interface Seat {
  readonly request: FillRequest;
  /** Whether a client or only the background waits here. */
  readonly priority: FillRequest['priority'];
  /** Lowers the seat to background priority, because its client has left. Idempotent. */
  lower(): void;
  /** Gives the seat up. Idempotent. */
  leave(): Promise<void>;
}

interface TakenSeat extends Seat {
  priority: FillRequest['priority'];
}

/** Events of the participants that a fill handles. */
export interface SeatEvents {
  /** A client joined. */
  onClient(): void;
  /** The last participant left before the fill ended. */
  onAbandoned(): void;
  /** No client has taken part for maxFillSeconds. */
  onExpired(): void;
  /** The last participant left after the fill ended. */
  onEmpty(): Promise<void>;
}

/**
 * The participants of a fill. Decides whose credentials the fill uses, and how long it may run
 * without a client.
 */
export class Seats {
  private readonly taken = new Set<TakenSeat>();
  private readonly refused = new Set<string>();
  private clients = 0;
  private closed = false;
  private watching = false;
  private cancelExpiry: (() => void) | undefined;
  /**
   * The request on whose behalf the fill asks, or would ask. A failure before the size is known is
   * reported to this request only.
   */
  asking: FillRequest;

  constructor(
    first: FillRequest,
    private readonly deps: { readonly clock: Clock; readonly limits: Pick<FillLimits, 'maxFillSeconds'> },
    private readonly events: SeatEvents,
  ) {
    this.asking = first;
  }

  get isEmpty(): boolean {
    return this.taken.size === 0;
  }

  get hasClient(): boolean {
    return this.clients > 0;
  }

  /** `client` if at least one client waits, otherwise the priority of the asking request. */
  get priority(): FillRequest['priority'] {
    return this.clients > 0 ? 'client' : this.asking.priority;
  }

  /** Returns whether a background request of this organization waits for the fill. */
  hasBackground(owner: string): boolean {
    return [...this.taken].some(({ request, priority }) => priority === 'background' && request.owner === owner);
  }

  take(request: FillRequest): Seat {
    const { priority } = request;
    const seat: TakenSeat = {
      request,
      priority,
      lower: () => this.lower(seat),
      leave: () => this.leave(seat),
    };
    this.taken.add(seat);
    if (priority === 'client') {
      this.clients += 1;
      this.cancelExpiry?.();
      this.cancelExpiry = undefined;
      this.events.onClient();
    }
    return seat;
  }

  /** Starts the time limit that applies while no client takes part. */
  watch(): void {
    this.watching = true;
    if (this.clients === 0) this.expire();
  }

  /**
   * Returns the request that asks the upstream first: clients before the background, in order of
   * arrival.
   */
  ask(): FillRequest {
    const seats = [...this.taken];
    const seat = seats.find(({ priority }) => priority === 'client') ?? seats[0];
    return (this.asking = seat?.request ?? this.asking);
  }

  /**
   * Returns another request that may ask after a refusal in the middle of the blob. Owners are
   * asked once, because all requests of an owner use the same credentials. The repository stays the
   * same, so that all bytes come from one repository, which they then prove.
   */
  askAnother(): FillRequest | undefined {
    this.refused.add(this.asking.owner);
    const { upstreamRepository } = this.asking;
    const seat = [...this.taken].find(
      ({ request }) => request.upstreamRepository === upstreamRepository && !this.refused.has(request.owner),
    );
    if (seat !== undefined) this.asking = seat.request;
    return seat?.request;
  }

  /** Marks the fill as ended. */
  close(): void {
    this.closed = true;
    this.cancelExpiry?.();
  }

  private lower(seat: TakenSeat): void {
    if (seat.priority === 'background' || !this.taken.has(seat)) return;
    seat.priority = 'background';
    this.clients -= 1;
    if (this.watching && !this.closed && this.clients === 0) this.expire();
  }

  private async leave(seat: TakenSeat): Promise<void> {
    if (!this.taken.delete(seat)) return;
    if (seat.priority === 'client') this.clients -= 1;
    if (this.closed) {
      if (this.isEmpty) await this.events.onEmpty();
      return;
    }
    if (this.isEmpty) this.events.onAbandoned();
    if (this.watching && this.clients === 0) this.expire();
  }

  private expire(): void {
    this.cancelExpiry ??= this.deps.clock.after(this.deps.limits.maxFillSeconds * 1000, () => this.events.onExpired());
  }
}
