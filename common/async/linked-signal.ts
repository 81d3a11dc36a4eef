import { onAbort } from './until-aborted';

/**
 * Signal that follows other signals. Call `release` when the operation ends, to remove the
 * listeners.
 */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  release(): void;
}

/**
 * Creates a signal that aborts when any of `parents` does, with that parent's reason, or when
 * `abort()` is called. Used in place of AbortSignal.any(), which has leaked memory on long-lived
 * parents (nodejs/node issues 54614 and 55351).
 */
export function linkSignals(...parents: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const undo of releases.splice(0)) undo();
  };
  for (const parent of parents) {
    if (controller.signal.aborted) break;
    releases.push(
      onAbort(parent, () => {
        release();
        controller.abort(parent?.reason);
      }),
    );
  }
  if (controller.signal.aborted) release();
  return { signal: controller.signal, release, abort: (reason) => controller.abort(reason) };
}
