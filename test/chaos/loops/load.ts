import { setTimeout as pause } from 'node:timers/promises';
import type { RequestKind } from '../cases/chaos-case';
import { randomOf } from '../cases/random';
import type { ImageContent } from '../cases/subject';
import { type Asked, askAbout } from './asked';
import type { LoopWorld } from './loop-world';

const CLIENTS = 6;
/**
 * A client waits this long after a failure, in milliseconds. More failures per minute than
 * docs/design/records.md#answers-of-the-edge allows would be recorded in sums.
 */
const AFTER_FAILURE_MS = 500;
const BETWEEN_MS = 10;

const MANIFESTS: readonly RequestKind[] = ['manifest-tag', 'manifest-digest', 'manifest-head'];
const OTHERS: readonly RequestKind[] = ['blob-small', 'blob-large', 'blob-range', 'tag-list', 'token'];

/** Clients that pull until they are stopped. */
export interface Load {
  /** What the clients saw so far. */
  readonly asked: readonly Asked[];
  /** Resolves when all running requests have ended. */
  stop(): Promise<void>;
}

/** What clients pull in a round. */
export interface LoadOptions {
  readonly round: number;
  readonly seed: number;
  /** Images that are not cached yet. Every second pull is of one of them. */
  readonly fresh: readonly ImageContent[];
  /** Cached images. */
  readonly cached: readonly ImageContent[];
}

/** Starts several clients. Each pulls a manifest and then some of its blobs, again and again. */
export function startLoad(world: LoopWorld, { round, seed, fresh, cached }: LoadOptions): Load {
  const asked: Asked[] = [];
  let isStopping = false;
  const client = async (which: number): Promise<void> => {
    for (let n = 0; !isStopping; n += 1) {
      const random = (what: string): number => randomOf(seed, round, which, n, what);
      const pick = <T>(from: readonly T[], what: string): T => from[Math.floor(random(what) * from.length)]!;
      const content = pick(random('temperature') < 0.5 ? fresh : cached, 'image');
      const requests = [pick(MANIFESTS, 'manifest'), ...OTHERS.filter((one) => random(one) < 0.6)];
      for (const [i, request] of requests.entries()) {
        if (isStopping) break;
        const one = await askAbout(world, content, request, { round, id: `loop-${round}-${which}-${n}-${i}` });
        asked.push(one);
        if (one.sight.kind === 'right') continue;
        await pause(AFTER_FAILURE_MS);
        break;
      }
      await pause(BETWEEN_MS);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, which) => client(which));
  return {
    asked,
    async stop() {
      isStopping = true;
      await Promise.all(clients);
    },
  };
}
