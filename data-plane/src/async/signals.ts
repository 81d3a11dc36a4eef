/** A signal together with what releases its listeners and timers. Release it when the operation is over, however it ended. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  release(): void;
}

/**
 * A signal that aborts when any of `parents` does, or on `abort()`. Own code because AbortSignal.any has leaked
 * with long-lived parents (nodejs/node issues 54614 and 55351).
 */
export function linkSignals(...parents: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const undo of releases.splice(0)) undo();
  };
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      release();
      controller.abort(parent.reason);
      break;
    }
    const onAbort = (): void => {
      release();
      controller.abort(parent.reason);
    };
    parent.addEventListener('abort', onAbort, { once: true });
    releases.push(() => parent.removeEventListener('abort', onAbort));
  }
  return { signal: controller.signal, release, abort: (reason) => controller.abort(reason) };
}
