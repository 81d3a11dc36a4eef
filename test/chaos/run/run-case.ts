import { setTimeout as pause } from 'node:timers/promises';
import { waitUntil } from '../../support/real/wait-until';
import { caseId } from '../cases/case-id';
import type { ChaosCase, FaultPoint } from '../cases/chaos-case';
import { positionOf } from '../cases/position';
import { randomOf } from '../cases/random';
import { makeSubject, type Subject } from '../cases/subject';
import type { Fault } from '../relay/fault';
import type { ArmedFault } from '../relay/relay';
import type { World } from '../world/world';
import { ask, type Sight } from './ask';
import type { Calibration } from './calibrate';
import { judge, judgeNext } from './judge';
import type { CaseOutcome } from './outcome';
import { prepare } from './prepare';

/** Clients such as containerd give up after 30 seconds without an answer. */
const LIMIT_MS = 30_000;
/** How long a client waits whose own line is silent. */
const SILENT_LINE_MS = 4_000;
/** The request afterwards is repeated until it is right, for at most this long. */
const RECOVER_MS = 30_000;
const RETRY_MS = 500;
/** How long a fault waits for the work after the answer, such as the delivery of records. */
const STRIKE_MS = 3_000;
/** How long a fault that came after the answer lasts. */
const AFTER_MS = 300;
const DELAY_MS = 1_500;
/** A throttled answer takes about this long. */
const THROTTLED_SECONDS = 2;

/** Runs a case. Records and the store are checked later, for many cases at once. */
export async function runCase(
  world: World,
  one: ChaosCase,
  calibration: Calibration,
  seed: number,
): Promise<CaseOutcome> {
  const nothing = { chaosCase: one, sight: undefined, sights: [], isPull: false, digests: [], problems: [] };
  const strikes = [one, ...(one.second === undefined ? [] : [one.second])].flatMap((point) => {
    const total = calibration(point.place, one.request, one.temperature);
    const position = positionOf(point.moment, total, seed, one.name);
    if (total === 0 || (position === undefined && point.moment !== 'after')) return [];
    return { relay: world.relays.get(point.place)!, fault: faultOf(point, total, one.name), position };
  });
  if (strikes.length === 0) return { ...nothing, isReached: false };
  const subject = makeSubject(world, one);
  try {
    await prepare(world, subject, caseId(one));
  } catch (error) {
    return { ...nothing, isReached: true, problems: [`not prepared: ${String(error)}`] };
  }
  const armed = strikes.flatMap(({ relay, fault, position }) =>
    position === undefined ? [] : relay.arm(fault, position),
  );
  const idOf = (n: number): string => `${caseId(one)}-${n}`;
  const sight = await ask(world, subject.question, idOf(0), limitOf(one));
  const isReached = armed.length === 0 || (await hasStruck(armed, world));
  const late = strikes.filter(({ position }) => position === undefined);
  for (const { relay, fault } of late) relay.strike(fault);
  if (late.length > 0) await pause(AFTER_MS);
  for (const { relay } of strikes) relay.heal();
  const next = await askUntilRight(world, subject, idOf);
  subject.forget();
  const ended = world.ended();
  return {
    chaosCase: one,
    isReached,
    sight,
    sights: [sight, ...next],
    isPull: subject.question.isPull,
    digests: subject.digests,
    problems: [
      ...judge(one, sight),
      ...judgeNext(one, next),
      ...(ended === undefined ? [] : [`the process of the ${ended} has ended`]),
    ],
  };
}

function limitOf({ place, fault }: ChaosCase): number {
  const isSilent = fault === 'swallow' || fault === 'never-answer';
  return place === 'client-edge' && isSilent ? SILENT_LINE_MS : LIMIT_MS;
}

function faultOf({ fault }: FaultPoint, total: number, name: string): Fault {
  const delayMs = DELAY_MS * (0.5 + randomOf(name, 'delay'));
  return { kind: fault, delayMs, bytesPerSecond: Math.max(100, total / THROTTLED_SECONDS) };
}

/** Waits for what Layover does after the answer, such as the delivery of records. */
async function hasStruck(armed: readonly ArmedFault[], world: World): Promise<boolean> {
  const some = (): boolean => armed.some((one) => one.hasStruck);
  if (!some()) {
    const settled = world.settled().catch(() => undefined);
    await Promise.race([settled, waitUntil('the fault', some, STRIKE_MS).catch(() => undefined)]);
  }
  return some();
}

async function askUntilRight(
  world: World,
  { question }: Subject,
  idOf: (n: number) => string,
): Promise<readonly Sight[]> {
  const next: Sight[] = [];
  const until = Date.now() + RECOVER_MS;
  for (let n = 1; ; n += 1) {
    const sight = await ask(world, question, idOf(n), LIMIT_MS);
    next.push(sight);
    if (sight.kind === 'right' || Date.now() > until) return next;
    await pause(RETRY_MS);
  }
}
