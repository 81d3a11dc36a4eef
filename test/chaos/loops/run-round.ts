import { setTimeout as pause } from 'node:timers/promises';
import { REQUEST_KINDS, type RequestKind } from '../cases/chaos-case';
import { addImageContent, type ImageContent } from '../cases/subject';
import { type Asked, askAbout } from './asked';
import { startLoad } from './load';
import type { RoundOutcome } from './loop-run';
import type { LoopWorld } from './loop-world';
import type { EdgeEnd } from './review-records';
import type { Round } from './round';

/** Number of images that the clients of a round are the first to pull. */
const FRESH_IMAGES = 3;
const PROBE_PAUSE_MS = 100;
/** A pull must be possible again within this time, in milliseconds. */
const RECOVER_MS = 60_000;

/** What a round needs from the rounds before it. */
export interface RoundOptions {
  readonly seed: number;
  /** Images that are cached, at least one. */
  readonly cached: readonly ImageContent[];
}

/** What happened in a round. */
export interface RoundResult {
  readonly outcome: RoundOutcome;
  readonly asked: readonly Asked[];
  readonly edgeEnd: EdgeEnd | undefined;
  /** Images that are cached now. */
  readonly added: readonly ImageContent[];
  readonly nextPulls: number;
  readonly problems: readonly string[];
}

/**
 * Runs the load, strikes, waits until everything is back, and pulls again what the load pulled.
 * Throws an Error if Layover does not come back.
 */
export async function runRound(world: LoopWorld, round: Round, { seed, cached }: RoundOptions): Promise<RoundResult> {
  const { number, afterMs } = round;
  const add = (name: string): ImageContent =>
    addImageContent(world, `loop/round-${number}-${name}`, `${seed} ${number} ${name}`);
  const fresh = Array.from({ length: FRESH_IMAGES }, (_, n) => add(`fresh-${n}`));
  const probe = add('probe');
  const load = startLoad(world, { round: number, seed, fresh, cached });
  const probed: Asked[] = [];
  let since = 0;
  let edgeEnd: EdgeEnd | undefined;
  const firstRight = async (content: ImageContent, request: RequestKind, name: string): Promise<number> => {
    for (let n = 0; performance.now() - since < RECOVER_MS; n += 1) {
      const one = await askAbout(world, content, request, { round: number, id: `loop-${number}-${name}-${n}` });
      probed.push(one);
      if (one.sight.kind === 'right') return (one.endedAt - since) / 1000;
      await pause(PROBE_PAUSE_MS);
    }
    throw new Error(`No right answer about ${content.repository} within ${RECOVER_MS / 1000} seconds`);
  };
  try {
    await pause(afterMs);
    since = performance.now();
    if (round.kind === 'kill') {
      await world.kill(round.target);
      if (round.target !== 'data-plane' && round.target !== 'control-plane')
        edgeEnd = { round: number, at: performance.now() };
    } else {
      world.pause(round.target);
      try {
        await pause(round.pauseMs);
      } finally {
        world.resume(round.target);
      }
      since = performance.now();
    }
    const [cachedSeconds, freshSeconds] = await Promise.all([
      firstRight(cached[number % cached.length]!, 'manifest-digest', 'cached'),
      firstRight(probe, 'manifest-tag', 'fresh'),
      world.back(),
    ]);
    await load.stop();
    const next = await pullAgain(world, number, [...load.asked, ...probed], [...fresh, probe]);
    return {
      outcome: { ...round, cachedSeconds, freshSeconds },
      asked: [...load.asked, ...probed, ...next],
      edgeEnd,
      added: [...fresh, probe],
      nextPulls: next.length,
      problems: [
        ...[...load.asked, ...probed]
          .filter(({ sight }) => sight.kind === 'wrong' || sight.kind === 'late')
          .map((one) => describe(round, 'expected right bytes, an error or a broken connection', one)),
        ...next
          .filter(({ sight }) => sight.kind !== 'right')
          .map((one) => describe(round, 'expected the next request to be right', one)),
      ],
    };
  } finally {
    await load.stop();
  }
}

/** Makes all requests for the new images, and for those of which a request failed. */
async function pullAgain(
  world: LoopWorld,
  round: number,
  asked: readonly Asked[],
  added: readonly ImageContent[],
): Promise<readonly Asked[]> {
  const failed = asked.filter(({ sight }) => sight.kind !== 'right').map(({ content }) => content);
  const next: Asked[] = [];
  for (const [i, content] of [...new Set([...added, ...failed])].entries())
    for (const request of REQUEST_KINDS)
      next.push(await askAbout(world, content, request, { round, id: `loop-${round}-next-${i}-${request}` }));
  return next;
}

function describe(round: Round, expected: string, { request, content, sight }: Asked): string {
  const strike = `round ${round.number}, ${round.kind} of ${round.target}`;
  const seen = `${sight.kind} ${sight.status} after ${sight.seconds.toFixed(1)} s (${sight.detail})`;
  return `${strike}, ${request} of ${content.repository} (${sight.requestId}): ${expected}; the client saw: ${seen}`;
}
