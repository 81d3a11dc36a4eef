import type { RequestKind } from '../cases/chaos-case';
import type { ImageContent } from '../cases/subject';
import { ask, type Sight } from '../run/ask';
import type { LoopWorld } from './loop-world';

/** Clients such as containerd give up after 30 seconds without an answer. */
const LIMIT_MS = 30_000;

/** A request of a run, and what the client saw. */
export interface Asked {
  /** The number of the round. */
  readonly round: number;
  readonly content: ImageContent;
  readonly request: RequestKind;
  readonly isPull: boolean;
  readonly sight: Sight;
  /** Monotonic time of the end of the answer, in milliseconds. */
  readonly endedAt: number;
}

/** Sends a request about an image. */
export async function askAbout(
  world: LoopWorld,
  content: ImageContent,
  request: RequestKind,
  { round, id }: { readonly round: number; readonly id: string },
): Promise<Asked> {
  const question = content.questions[request];
  const sight = await ask(world, question, id, LIMIT_MS);
  return { round, content, request, isPull: question.isPull, sight, endedAt: performance.now() };
}
