import type { ChaosCase } from '../cases/chaos-case';
import { shuffled } from '../cases/random';
import { PLACES, type WorldKind } from '../world/place';
import { startWorld } from '../world/start-world';
import type { World } from '../world/world';
import { type Calibration, calibrate } from './calibrate';
import type { CaseOutcome } from './outcome';
import { runCase } from './run-case';
import { verify } from './verify';

/** Number of cases after which records and store are checked, and the world is replaced. */
const GROUP = 60;

/** How cases are run. */
export interface RunOptions {
  readonly seed: number;
  /** Number of worlds at the same time. */
  readonly workers: number;
  /** Ends the run early. Stops all worlds; the cases that run then fail. */
  readonly signal?: AbortSignal;
  /** Called after each checked group, with problems of the store that belong to no case of it. */
  readonly onGroup: (outcomes: readonly CaseOutcome[], others: readonly string[]) => void;
}

interface Group {
  readonly world: WorldKind;
  readonly cases: readonly ChaosCase[];
}

/**
 * Runs cases in an order that the seed decides, in several worlds at the same time. Cases in one
 * world follow each other.
 */
export async function runCases(cases: readonly ChaosCase[], options: RunOptions): Promise<readonly CaseOutcome[]> {
  const groups = [...groupsOf(shuffled(cases, options.seed))];
  const calibrations = new Map<WorldKind, Promise<Calibration>>();
  const outcomes: CaseOutcome[] = [];
  const work = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      if (options.signal?.aborted === true) return;
      const world = await startWorld(group.world);
      const abort = (): void => void world.stop();
      options.signal?.addEventListener('abort', abort);
      try {
        const ran = await runGroup(world, group, calibrations, options);
        outcomes.push(...ran);
        // A group ends early if a plane has ended.
        if (ran.length < group.cases.length) groups.unshift({ ...group, cases: group.cases.slice(ran.length) });
      } finally {
        options.signal?.removeEventListener('abort', abort);
        await world.stop();
      }
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  return outcomes;
}

async function runGroup(
  world: World,
  { cases }: Group,
  calibrations: Map<WorldKind, Promise<Calibration>>,
  { seed, signal, onGroup }: RunOptions,
): Promise<readonly CaseOutcome[]> {
  let calibrating = calibrations.get(world.kind);
  if (calibrating === undefined) {
    calibrating = calibrate(world);
    calibrations.set(world.kind, calibrating);
  }
  const calibration = await calibrating;
  const outcomes: CaseOutcome[] = [];
  for (const one of cases) {
    outcomes.push(await runCase(world, one, calibration, seed));
    if (world.ended() !== undefined || signal?.aborted === true) break;
  }
  if (signal?.aborted === true) return outcomes;
  onGroup(outcomes, await verify(world, outcomes));
  return outcomes;
}

/** Groups of the worlds alternate, so that the slow ones do not all come last. */
function* groupsOf(cases: readonly ChaosCase[]): Generator<Group> {
  const byWorld = new Map<WorldKind, ChaosCase[]>();
  for (const one of cases) {
    const { world } = PLACES[one.place];
    byWorld.set(world, [...(byWorld.get(world) ?? []), one]);
  }
  for (let left = true, at = 0; left; at += GROUP) {
    left = false;
    for (const [world, all] of byWorld) {
      const group = all.slice(at, at + GROUP);
      if (group.length > 0) yield { world, cases: group };
      left ||= group.length > 0;
    }
  }
}
