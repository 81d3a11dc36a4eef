import type { DeliveryPlaces } from './delivery/delivery-places';

/** For everything but clients and blobs: listeners, planes, logs and short work. */
const RESERVE = 48;
/** Share of the rest that blobs may use. */
const FOR_BLOBS = 0.25;
/** Share of the connections of clients from which on those without a request are closed. */
const TIGHT = 0.75;
/** Least number of connections of clients. */
const LEAST_CLIENTS = 8;

/**
 * The open files of an edge: connections of clients, and the files and connections from which blobs
 * are read faster than over gRPC. With a small limit (`ulimit -n`), blobs come over gRPC instead,
 * and idle clients are disconnected before others are refused
 * (docs/design/delivery.md#open-files).
 */
export class DescriptorBudget implements DeliveryPlaces {
  private readonly total: number;
  private readonly listeners = new Set<() => void>();
  private clients = 0;
  private extras = 0;

  /** `limit`: see openFileLimit. */
  constructor(limit: number) {
    this.total = Math.max(LEAST_CLIENTS, limit - RESERVE);
  }

  /** Most connections of clients at present. Infinity = no limit. */
  get mostClients(): number {
    return this.total - this.extras;
  }

  /** Whether connections that carry no request should be closed. */
  get isTight(): boolean {
    return this.clients > TIGHT * this.mostClients;
  }

  /** Calls `listener` when {@link mostClients} has changed. */
  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Counts a connection of a client. Returns how to count its end. */
  connected(): () => void {
    this.clients += 1;
    return () => void (this.clients -= 1);
  }

  tryTake(): (() => void) | undefined {
    if (this.total === Infinity) return () => undefined;
    if (this.extras >= FOR_BLOBS * this.total || this.clients + this.extras >= this.total) return undefined;
    this.change(1);
    let isBack = false;
    return () => {
      if (!isBack) this.change(-1);
      isBack = true;
    };
  }

  private change(by: 1 | -1): void {
    this.extras += by;
    for (const listener of this.listeners) listener();
  }
}
