import type { Clock } from '../../../../common/runtime/clock';
import type { FillLimits } from './fill-limits';
import type { FillRequest } from './fills';

/** One who takes part in a fill. */
export interface Seat {
  readonly request: FillRequest;
  /** Whether a client waits here, or only the background. */
  readonly priority: FillRequest['priority'];
  /** No client waits here any more; the background does. Harmless when repeated. */
  lower(): void;
  /** Harmless when repeated. */
  leave(): Promise<void>;
}

interface TakenSeat extends Seat {
  priority: FillRequest['priority'];
}

/** What a fill wants to know of those who take part in it. */
export interface SeatEvents {
  /** A client came. */
  onClient(): void;
  /** Nobody is left at all while the fill is not over. */
  onNobody(): void;
  /** No client has been there for maxFillSeconds. */
  onExpired(): void;
  /** The last one left after the fill was over. */
  onEmpty(): Promise<void>;
}

/** Those who take part in a fill: whose credentials may be used, and until when the fill may go on without a client. */
export class Seats {
  private readonly taken = new Set<TakenSeat>();
  private readonly refused = new Set<string>();
  private clients = 0;
  private closed = false;
  private watching = false;
  private cancelExpiry: (() => void) | undefined;
  /** On whose behalf the fill asks, or would: that one is told what went wrong before the size was known. */
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

  /** A client waits, or only the background. */
  get priority(): FillRequest['priority'] {
    return this.clients > 0 ? 'client' : this.asking.priority;
  }

  /** Whether this organization's background waits for the fill. */
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

  /** From now on the fill is bounded while no client is there. */
  watch(): void {
    this.watching = true;
    if (this.clients === 0) this.expire();
  }

  /** Who asks upstream first: a client before the background, in the order they came. */
  ask(): FillRequest {
    const seats = [...this.taken];
    const seat = seats.find(({ priority }) => priority === 'client') ?? seats[0];
    return (this.asking = seat?.request ?? this.asking);
  }

  /** Who else may ask after a refusal: one per owner, because an owner's requests have the same credentials. */
  askAnother(): FillRequest | undefined {
    this.refused.add(this.asking.owner);
    const seat = [...this.taken].find(({ request }) => !this.refused.has(request.owner));
    if (seat !== undefined) this.asking = seat.request;
    return seat?.request;
  }

  /** The fill is over. */
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
    if (this.isEmpty) this.events.onNobody();
    if (this.watching && this.clients === 0) this.expire();
  }

  private expire(): void {
    this.cancelExpiry ??= this.deps.clock.after(this.deps.limits.maxFillSeconds * 1000, () => this.events.onExpired());
  }
}
