import type * as fc from 'fast-check';

/** Code under test with the promise that it keeps for every input. */
export interface FuzzTarget {
  readonly name: string;
  /** Folders and files of the sources whose coverage guides the search, below the package. */
  readonly sources: readonly string[];
  /** Longest input in bytes: what the product lets in. */
  readonly maxBytes: number;
  /** Texts that inputs are built from. Mutations insert them. */
  readonly words: readonly string[];
  /** Generates inputs that are close to valid ones. */
  readonly inputs: fc.Arbitrary<string | Uint8Array>;
  /** Throws an Error if the code breaks its promise for an input; its message says how. */
  run(input: Buffer): void | Promise<void>;
  /** Frees what the target holds outside of memory. */
  close?(): void;
}

/** An input for which a target breaks its promise. */
export interface Finding {
  readonly input: Buffer;
  /** What happened, with the stack. */
  readonly problem: string;
}

/** The most processor time that one input may take, in milliseconds. */
export const MAX_CPU_MS = 200;

/**
 * Runs a target on an input. Returns what is wrong, or undefined. Processor time counts only if the
 * input takes too much three times: a collection of garbage does not come that often.
 */
export async function problemOf(target: FuzzTarget, input: Buffer): Promise<string | undefined> {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 3; turn += 1) {
    const before = process.cpuUsage();
    try {
      await target.run(input);
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
    if (least <= MAX_CPU_MS) return undefined;
  }
  return `An input of ${input.length} bytes takes ${Math.round(least)} ms of processor time; the limit is ${MAX_CPU_MS}.`;
}
