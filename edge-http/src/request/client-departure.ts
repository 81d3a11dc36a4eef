import type { Departure } from '../registry/registry-reader';

/** Whether the client of a request has left. */
export class ClientDeparture implements Departure {
  private readonly listeners: (() => void)[] = [];
  private isOver = false;

  get aborted(): boolean {
    return this.isOver;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.listeners.indexOf(listener);
    if (at >= 0) this.listeners.splice(at, 1);
  }

  /** The client has left. Calls each listener once. */
  happen(): void {
    this.isOver = true;
    for (const listener of this.listeners.splice(0)) listener();
  }
}
