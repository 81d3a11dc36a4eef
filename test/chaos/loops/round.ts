import type { PlaneName } from '../../support/real/layover';
import { randomOf } from '../cases/random';

/**
 * What is killed or paused: a plane; the parent of the planes alone, whose planes then end by
 * themselves; or the parent and all planes at once.
 */
export const TARGETS = ['edge-http', 'data-plane', 'control-plane', 'parent', 'everything'] as const;
export type Target = (typeof TARGETS)[number];

const PLANES: readonly PlaneName[] = ['edge-http', 'data-plane', 'control-plane'];

/** The load runs at least and at most this long before the strike, in milliseconds. */
const BEFORE_MS = { min: 10, max: 1_000 } as const;
/** Shortest and longest pause, in milliseconds. */
const PAUSE_MS = { min: 2_000, max: 5_000 } as const;

/** One kill (SIGKILL) or pause (SIGSTOP, then SIGCONT) under load. */
export type Round = {
  /** From 1. */
  readonly number: number;
  /** Time from the start of the load to the strike, in milliseconds. */
  readonly afterMs: number;
} & (
  | { readonly kind: 'kill'; readonly target: Target }
  | { readonly kind: 'pause'; readonly target: PlaneName; readonly pauseMs: number }
);

/** Returns the rounds of a run, which the seed decides: first the kills, then the pauses. */
export function roundsOf(kills: number, pauses: number, seed: number): readonly Round[] {
  return Array.from({ length: kills + pauses }, (_, n) => {
    const random = (what: string): number => randomOf(seed, n, what);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random('target') * from.length)]!;
    // Half of the strikes are in the first quarter, when most images are not cached yet.
    const afterMs = Math.floor(BEFORE_MS.min + random('moment') ** 2 * (BEFORE_MS.max - BEFORE_MS.min));
    const common = { number: n + 1, afterMs };
    if (n < kills) return { ...common, kind: 'kill', target: pick(TARGETS) };
    const pauseMs = Math.floor(PAUSE_MS.min + random('length') * (PAUSE_MS.max - PAUSE_MS.min));
    return { ...common, kind: 'pause', target: pick(PLANES), pauseMs };
  });
}
