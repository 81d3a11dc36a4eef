import * as fc from 'fast-check';
import type { CoverageProbe } from './coverage';
import { type Finding, type FuzzTarget, problemOf } from './fuzz-target';
import { mutate } from './mutate';
import { randomFrom } from './random';

/** Inputs between two looks at the coverage. A look costs as much as several inputs. */
const BATCH = 128;
/** One in so many inputs comes from the generator of the target, the others are mutations. */
const FRESH = 8;
/** A target with more findings has one fault that hides the others. */
const MAX_FINDINGS = 10;

/** What a run did until now. */
export interface FuzzProgress {
  readonly executions: number;
  readonly covered: number;
  readonly corpus: readonly Buffer[];
  readonly findings: readonly Finding[];
}

/** How a run goes. */
export interface FuzzOptions {
  /** The inputs to begin with. */
  readonly corpus: readonly Buffer[];
  readonly seed: number;
  /** Asked after each batch; the run ends when it returns false. */
  readonly goOn: (progress: FuzzProgress) => boolean;
  /** Told before an input runs, so that somebody else can tell which one does not end. */
  readonly onInput?: (input: Buffer) => void;
}

/**
 * Searches for inputs for which a target breaks its promise: mutates the inputs of a corpus, and
 * keeps each input that reaches code that no input reached before. The probe is started. The same
 * seed and corpus give the same inputs.
 */
export async function fuzz(target: FuzzTarget, probe: CoverageProbe, options: FuzzOptions): Promise<FuzzProgress> {
  const random = randomFrom(options.seed);
  const corpus: Buffer[] = [];
  const findings = new Map<string, Finding>();
  let executions = 0;

  const run = async (input: Buffer): Promise<void> => {
    options.onInput?.(input);
    executions += 1;
    const problem = await problemOf(target, input);
    if (problem !== undefined && !findings.has(kindOf(problem))) findings.set(kindOf(problem), { input, problem });
  };
  /** Runs inputs again in halves, and keeps those that reach new code. */
  const keep = async (batch: readonly Buffer[]): Promise<void> => {
    for (const input of batch) await run(input);
    const taken = probe.take();
    if (probe.newIn(taken).size === 0) return;
    if (batch.length === 1) {
      probe.remember(taken);
      corpus.push(batch[0]!);
      return;
    }
    const middle = batch.length >> 1;
    await keep(batch.slice(0, middle));
    await keep(batch.slice(middle));
  };
  const generated = (): Buffer[] =>
    fc.sample(target.inputs, { numRuns: BATCH, seed: random(2 ** 31) }).map((input) => toInput(input, target));
  const next = (): Buffer => {
    if (random(FRESH) === 0) fresh = fresh.length === 0 ? generated() : fresh;
    const base = corpus[random(corpus.length)] ?? Buffer.alloc(0);
    return (
      (random(FRESH) === 0 ? fresh.pop() : undefined) ?? mutate(base, target.words, corpus, target.maxBytes, random)
    );
  };
  const progress = (): FuzzProgress => ({
    executions,
    covered: probe.covered,
    corpus,
    findings: [...findings.values()],
  });

  probe.take();
  let fresh = generated();
  await keep([Buffer.alloc(0), ...options.corpus, ...fresh]);
  while (findings.size < MAX_FINDINGS && options.goOn(progress())) {
    const batch = Array.from({ length: BATCH }, next);
    for (const input of batch) await run(input);
    if (probe.newIn(probe.take()).size > 0) await keep(batch);
  }
  return progress();
}

function toInput(generated: string | Uint8Array, { maxBytes }: FuzzTarget): Buffer {
  const bytes = typeof generated === 'string' ? Buffer.from(generated, 'utf8') : Buffer.from(generated);
  return bytes.subarray(0, maxBytes);
}

/** Returns what findings of one fault have in common: the message without numbers, the place. */
function kindOf(problem: string): string {
  const [message = '', place = ''] = problem.split('\n');
  return `${message.replace(/\d+/g, '#').slice(0, 60)} ${place}`;
}
