/** What of Clair a request is for. */
export type ClairRoute = 'index' | 'forget' | 'state' | 'report' | 'notification' | 'forget-notification';

/** An answer in place of the right one; DROP = the connection is cut. */
export type ClairFault =
  { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | 'DROP';

/** What Clair is to do wrong, and when. */
export class ClairFaults {
  private readonly next = new Map<ClairRoute, ClairFault[]>();
  private readonly always = new Map<ClairRoute, ClairFault>();

  /** The next requests for that are answered so, one after the other. */
  once(route: ClairRoute, ...faults: readonly ClairFault[]): void {
    this.next.set(route, [...(this.next.get(route) ?? []), ...faults]);
  }

  /** Every request for that is; undefined = no longer. */
  every(route: ClairRoute, fault: ClairFault | undefined): void {
    if (fault === undefined) this.always.delete(route);
    else this.always.set(route, fault);
  }

  /** The fault of a request, which is over with it. */
  take(route: ClairRoute): ClairFault | undefined {
    return this.next.get(route)?.shift() ?? this.always.get(route);
  }
}
