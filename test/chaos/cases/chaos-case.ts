import type { FaultKind } from '../relay/fault';
import { FAULT_KINDS } from '../relay/fault';
import { PLACE_NAMES, type Place, PLACES } from '../world/place';
import { randomOf } from './random';

/** What a client requests. */
export const REQUEST_KINDS = [
  'manifest-tag',
  'manifest-digest',
  'manifest-head',
  'blob-small',
  'blob-large',
  'blob-range',
  'tag-list',
  'token',
] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Whether the content is cached before the request. */
export const TEMPERATURES = ['cold', 'warm'] as const;
export type Temperature = (typeof TEMPERATURES)[number];

/**
 * When the fault happens, in the bytes of the answer at its place: before the first byte, within
 * the first 60, in the middle, within the last 64 KiB, or to all connections when the client has
 * its answer.
 */
export const MOMENTS = ['before', 'head', 'middle', 'last', 'after'] as const;
export type Moment = (typeof MOMENTS)[number];

/** A fault at a place and moment of an answer. */
export interface FaultPoint {
  readonly place: Place;
  readonly fault: FaultKind;
  readonly moment: Moment;
}

/** One request, and the fault that happens during it. */
export interface ChaosCase extends FaultPoint {
  readonly request: RequestKind;
  readonly temperature: Temperature;
  /**
   * `place/request/temperature/fault/moment`, for `--only`. A second fault follows as
   * `+place/fault/moment`.
   */
  readonly name: string;
  /** Another fault at another place, during the same request. */
  readonly second?: FaultPoint;
}

/** Faults whose moment matters little: what happens does not depend on what has arrived. */
const SHORT: readonly Moment[] = ['before', 'middle'];
const MOMENTS_OF: Readonly<Record<FaultKind, readonly Moment[]>> = {
  delay: SHORT,
  throttle: ['before'],
  corrupt: ['head', 'middle', 'last'],
  cut: MOMENTS,
  'half-close': ['before', 'middle', 'last'],
  reset: MOMENTS,
  swallow: ['before', 'middle', 'last', 'after'],
  'never-answer': ['before', 'middle', 'after'],
};

/**
 * Places where a changed byte is noticed: by TLS, or by the digest of the content. Elsewhere no
 * part can notice it: a client checks what it receives, Unix sockets do not change bytes, and the
 * database and Clair need TLS for that.
 */
const CORRUPTIBLE: ReadonlySet<Place> = new Set(['data-upstream', 'edge-data-tls', 'data-control-tls', 'data-bucket']);

/** All cases, in the order of the table. */
export function allCases(): readonly ChaosCase[] {
  const cases: ChaosCase[] = [];
  for (const place of PLACE_NAMES)
    for (const request of REQUEST_KINDS)
      for (const temperature of TEMPERATURES)
        for (const fault of FAULT_KINDS)
          for (const moment of MOMENTS_OF[fault]) {
            const name = `${place}/${request}/${temperature}/${fault}/${moment}`;
            const one = { place, request, temperature, fault, moment, name };
            if (isPossible(one)) cases.push(one);
          }
  return cases;
}

/** Returns `count` cases with two faults each, which the seed decides. */
export function pairsOf(count: number, seed: number): readonly ChaosCase[] {
  const cases = allCases();
  const pick = (from: readonly ChaosCase[], n: number, which: string): ChaosCase =>
    from[Math.floor(randomOf(seed, n, which) * from.length)]!;
  return Array.from({ length: count }, (_, n) => {
    const first = pick(cases, n, 'first');
    const others = cases.filter(
      ({ place, request, temperature }) =>
        place !== first.place &&
        PLACES[place].world === PLACES[first.place].world &&
        request === first.request &&
        temperature === first.temperature,
    );
    return others.length === 0 ? first : withSecond(first, pick(others, n, 'second'));
  });
}

function withSecond(first: ChaosCase, { place, fault, moment }: FaultPoint): ChaosCase {
  return { ...first, second: { place, fault, moment }, name: `${first.name}+${place}/${fault}/${moment}` };
}

function isPossible({ place, request, temperature, fault, moment }: ChaosCase): boolean {
  // A token is made for each request.
  if (request === 'token' && temperature === 'warm') return false;
  if (fault === 'corrupt') {
    if (!CORRUPTIBLE.has(place)) return false;
    // No digest protects a list of tags from an upstream without TLS.
    if (place === 'data-upstream' && request === 'tag-list') return false;
  }
  // The client closes its connection when it has the answer.
  return !(place === 'client-edge' && moment === 'after');
}

/** Returns the case with this name, with one or two faults. Throws an Error if there is none. */
export function caseNamed(name: string): ChaosCase {
  const [first, second] = name.split('+');
  const found = allCases().find((one) => one.name === first);
  if (found === undefined) throw new Error(`There is no case ${first}`);
  if (second === undefined) return found;
  const point = allCases().find(({ place, fault, moment }) => second === `${place}/${fault}/${moment}`);
  if (point === undefined) throw new Error(`There is no second fault ${second}`);
  return withSecond(found, point);
}
