/** The kind of a request to a bucket. */
export type RequestKind =
  | 'begin'
  | 'part'
  | 'ask'
  | 'cancel'
  | 'multipart'
  | 'download'
  | 'look'
  | 'list'
  | 'delete'
  | 'rewrite'
  | 'signed'
  | 'unknown';

/** A request as the fake saw it. The last fields change while it is answered. */
export interface LoggedRequest {
  readonly kind: RequestKind;
  readonly method: string;
  /** Name of the object, or an empty string. */
  readonly name: string;
  /** Content-Range of an upload or Range of a download, or an empty string. */
  readonly range: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  status: number | undefined;
  /** Received bytes of the body. */
  bytesReceived: number;
  /** Bytes of the body that were written to the socket. */
  bytesSent: number;
  /** True if the connection was closed by either side before the answer was complete. */
  aborted: boolean;
}

/** Requests in the order of their arrival, with a way to wait for later ones. */
export class RequestLog {
  readonly all: LoggedRequest[] = [];
  private readonly watchers = new Set<() => void>();

  add(entry: LoggedRequest): void {
    this.all.push(entry);
    this.changed();
  }

  /** Must be called after every change of an entry or of anything else that tests wait for. */
  changed(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  /**
   * Resolves when the condition holds, now or after a change. Rejects with the log after
   * `timeoutMs`.
   */
  until(condition: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.watchers.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.watchers.delete(check);
        const seen = this.all.map(({ kind, name, range, status }) => `${kind} ${name} ${range} ${status ?? '…'}`);
        reject(
          new Error(
            `The condition did not hold within ${timeoutMs} ms. Requests of the fake bucket:\n${seen.join('\n')}`,
          ),
        );
      }, timeoutMs);
      this.watchers.add(check);
      check();
    });
  }
}
