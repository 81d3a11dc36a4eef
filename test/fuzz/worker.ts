import { parentPort, workerData } from 'node:worker_threads';
import { CoverageProbe } from './engine/coverage';
import { distil } from './engine/distil';
import { fuzz, type FuzzProgress } from './engine/fuzz';
import { isScriptOf } from './engine/measured';
import { fuzzTargets } from './targets';

/** What a thread gets. */
export interface FuzzWork {
  readonly target: string;
  readonly corpus: readonly Uint8Array[];
  readonly seed: number;
  readonly ms: number;
  /** Gets the number of executions (4 bytes), the length and the bytes of the current input. */
  readonly current: SharedArrayBuffer;
  /** Whether the corpus that it answers with is distilled. */
  readonly keep: boolean;
}

/** What a thread answers with, every few seconds and at the end. */
export interface FuzzReport {
  readonly isDone: boolean;
  readonly executions: number;
  readonly covered: number;
  readonly corpus: readonly Uint8Array[];
  readonly findings: readonly { readonly input: Uint8Array; readonly problem: string }[];
}

const REPORT_MS = 10_000;

async function work({ target: name, corpus, seed, ms, current, keep }: FuzzWork): Promise<void> {
  const target = fuzzTargets().find((one) => one.name === name)!;
  const header = new Uint32Array(current, 0, 2);
  const bytes = new Uint8Array(current, 8);
  const probe = new CoverageProbe(isScriptOf(target));
  probe.start();
  const begin = performance.now();
  let reported = begin;
  const report = (progress: FuzzProgress, isDone: boolean): void =>
    parentPort!.postMessage({ ...progress, corpus: isDone ? progress.corpus : [], isDone } satisfies FuzzReport);
  const progress = await fuzz(target, probe, {
    corpus: corpus.map((input) => Buffer.from(input)),
    seed,
    onInput(input) {
      header[1] = input.length;
      bytes.set(input);
      header[0] = header[0]! + 1;
    },
    goOn(now) {
      if (performance.now() - reported > REPORT_MS) {
        reported = performance.now();
        report(now, false);
      }
      return performance.now() - begin < ms;
    },
  });
  // The watcher must not take a distillation for an input that hangs.
  header[1] = 0xffffffff;
  const kept = keep ? await distil(target, probe, progress.corpus) : [];
  probe.stop();
  target.close?.();
  report({ ...progress, corpus: keep ? kept : progress.corpus }, true);
}

void work(workerData as FuzzWork);
