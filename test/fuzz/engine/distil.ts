import { type CoverageProbe, coversAll } from './coverage';
import { type FuzzTarget, problemOf } from './fuzz-target';

/** Inputs that are tried to make one input shorter. */
const MAX_TRIES = 60;

/**
 * Returns a small corpus that reaches the same code: the shortest inputs that reach more than those
 * before them, without the parts that this does not need. The probe is started.
 */
export async function distil(target: FuzzTarget, probe: CoverageProbe, inputs: readonly Buffer[]): Promise<Buffer[]> {
  probe.forget();
  probe.take();
  const kept: Buffer[] = [];
  const takenOf = async (input: Buffer): Promise<ReturnType<CoverageProbe['take']>> => {
    await problemOf(target, input);
    return probe.take();
  };
  for (const input of [...inputs].sort((one, other) => one.length - other.length)) {
    const wanted = probe.newIn(await takenOf(input));
    if (wanted.size === 0) continue;
    const short = await shorten(input, async (candidate) => coversAll(await takenOf(candidate), wanted));
    probe.remember(await takenOf(short));
    kept.push(short);
  }
  return kept;
}

/** Removes parts of an input, halves first, as long as it stays good. */
async function shorten(input: Buffer, isGood: (candidate: Buffer) => Promise<boolean>): Promise<Buffer> {
  let best = input;
  let tries = 0;
  for (let size = Math.ceil(input.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && tries < MAX_TRIES; tries += 1) {
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (await isGood(candidate)) best = candidate;
      else at += size;
    }
  }
  return best;
}
