import { untilAborted } from './until-aborted';

/** How a {@link SingleFlight} treats its calls. */
export interface SingleFlightOptions {
  /**
   * What happens to a call when its last caller has left: it goes on, so that its result can be kept
   * for the next one (default), or its signal is aborted.
   */
  readonly whenAbandoned?: 'finish' | 'abort';
}

interface Flight<T> {
  readonly outcome: Promise<T>;
  readonly controller: AbortController;
  callers: number;
}

/**
 * Deduplicates concurrent calls by key: callers that ask for a key while its call is under way share
 * the outcome, also a failure. (A hundred clients that wait for one upstream must not ask it a
 * hundred times because it is in trouble.) The entry is removed before anybody is woken, so whoever
 * asks next starts a new call.
 */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  constructor(private readonly options: SingleFlightOptions = {}) {}

  /**
   * Joins the call of this key, or starts it. Rejects as `untilAborted` does when the caller's signal
   * aborts; the call itself goes on for the others. `call` receives a signal that aborts only with
   * `whenAbandoned: 'abort'`.
   */
  async run(key: string, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const flight = this.flights.get(key) ?? this.start(key, call);
    flight.callers += 1;
    try {
      return await untilAborted(flight.outcome, signal);
    } finally {
      flight.callers -= 1;
      if (flight.callers === 0 && this.options.whenAbandoned === 'abort') {
        // What is being aborted must not be joined.
        this.end(key, flight);
        flight.controller.abort();
      }
    }
  }

  private start(key: string, call: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const outcome = call(controller.signal).finally(() => this.end(key, flight));
    // When every caller has left, nobody is there to handle the failure.
    outcome.catch(() => undefined);
    const flight: Flight<T> = { outcome, controller, callers: 0 };
    this.flights.set(key, flight);
    return flight;
  }

  private end(key: string, flight: Flight<T>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
  }
}
