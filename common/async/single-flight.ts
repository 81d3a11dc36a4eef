import { untilAborted } from './until-aborted';

/** Options of a {@link SingleFlight}. */
export interface SingleFlightOptions {
  /**
   * What happens to a call after its last caller has left. `finish` (default) lets it end, so that
   * its result can be kept for the next caller. `abort` aborts its signal.
   */
  readonly whenAbandoned?: 'finish' | 'abort';
}

interface Flight<T> {
  readonly outcome: Promise<T>;
  readonly controller: AbortController;
  callers: number;
}

/**
 * Deduplicates concurrent calls by key: callers share the outcome of a running call, including a
 * failure, so that a failing upstream does not get one request per waiting client. The entry is
 * removed before the callers resume, so the next caller starts a new call.
 */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  constructor(private readonly options: SingleFlightOptions = {}) {}

  /**
   * Joins the running call of this key, or starts it. Rejects like `untilAborted` when the caller's
   * signal aborts; the call continues for the other callers. The signal passed to `call` aborts
   * only with `whenAbandoned: 'abort'`.
   */
  async run(key: string, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const flight = this.flights.get(key) ?? this.start(key, call);
    flight.callers += 1;
    try {
      return await untilAborted(flight.outcome, signal);
    } finally {
      flight.callers -= 1;
      if (flight.callers === 0 && this.options.whenAbandoned === 'abort') {
        // A call that is being aborted must not be joined.
        this.end(key, flight);
        flight.controller.abort();
      }
    }
  }

  private start(key: string, call: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const outcome = call(controller.signal).finally(() => this.end(key, flight));
    // If all callers have left, nothing else handles the failure.
    outcome.catch(() => undefined);
    const flight: Flight<T> = { outcome, controller, callers: 0 };
    this.flights.set(key, flight);
    return flight;
  }

  private end(key: string, flight: Flight<T>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
  }
}
