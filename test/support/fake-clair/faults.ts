/** The purpose of a request to Clair. */
export type ClairRoute =
  'index' | 'index-report' | 'forget' | 'state' | 'report' | 'notification' | 'forget-notification';

/** A wrong answer. DROP closes the connection. */
export type ClairFault =
  { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | 'DROP';

/** The faults of a fake Clair. */
export class ClairFaults {
  private readonly next = new Map<ClairRoute, ClairFault[]>();
  private readonly always = new Map<ClairRoute, ClairFault>();

  /** Answers the next requests of a route with these faults, one after the other. */
  once(route: ClairRoute, ...faults: readonly ClairFault[]): void {
    this.next.set(route, [...(this.next.get(route) ?? []), ...faults]);
  }

  /** Answers every request of a route with a fault; undefined ends that. */
  every(route: ClairRoute, fault: ClairFault | undefined): void {
    if (fault === undefined) this.always.delete(route);
    else this.always.set(route, fault);
  }

  /** Returns the fault for a request and consumes it. */
  take(route: ClairRoute): ClairFault | undefined {
    return this.next.get(route)?.shift() ?? this.always.get(route);
  }
}
