/** What a request asks of a bucket. */
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

/** One request as the fake saw it; the last fields change while it is answered. */
export interface LoggedRequest {
  readonly kind: RequestKind;
  readonly method: string;
  /** Of the object; '' where there is none. */
  readonly name: string;
  /** Content-Range of an upload, Range of a download; '' = none. */
  readonly range: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  status: number | undefined;
  /** Body bytes that came in. */
  bytesReceived: number;
  /** Body bytes handed to the socket. */
  bytesSent: number;
  /** The connection went away before the answer was out, whoever cut it. */
  aborted: boolean;
}

/** Requests in order of arrival, with a way to await what will come. */
export class RequestLog {
  readonly all: LoggedRequest[] = [];
  private readonly watchers = new Set<() => void>();

  add(entry: LoggedRequest): void {
    this.all.push(entry);
    this.changed();
  }

  /** To be called whenever an entry, or anything that tests wait for, has changed. */
  changed(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Resolves when the condition holds, now or after some change; rejects, with what was seen, after `timeoutMs`. */
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
        reject(new Error(`the fake bucket waited ${timeoutMs} ms in vain; it saw:\n${seen.join('\n')}`));
      }, timeoutMs);
      this.watchers.add(check);
      check();
    });
  }
}
