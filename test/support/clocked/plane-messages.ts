/** Planes that run in a process of their own. */
export type ClockedPlaneName = 'control' | 'data';

/** What a test tells the process of a plane (plane-child.ts). Times are milliseconds since the epoch. */
export type ToPlane =
  | {
      readonly kind: 'start';
      readonly plane: ClockedPlaneName;
      readonly environment: Readonly<Record<string, string | undefined>>;
      readonly now: number;
    }
  | { readonly kind: 'time'; readonly now: number }
  | { readonly kind: 'stop' };

/** What that process answers: once for each message, in their order. `failed` = it could not start. */
export type FromPlane =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'time' };
