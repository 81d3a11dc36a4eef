/** Planes that run in separate processes. */
export type ClockedPlaneName = 'control' | 'data';

/**
 * A message from a test to the process of a plane (plane-child.ts). Times are in milliseconds since
 * the epoch.
 */
export type ToPlane =
  | {
      readonly kind: 'start';
      readonly plane: ClockedPlaneName;
      readonly environment: Readonly<Record<string, string | undefined>>;
      readonly now: number;
    }
  | { readonly kind: 'time'; readonly now: number }
  | { readonly kind: 'stop' };

/**
 * The answer of that process: one per message, in the same order. `failed`: the plane could not
 * start.
 */
export type FromPlane =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'time' };
