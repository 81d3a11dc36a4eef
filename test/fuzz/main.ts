import { readFileSync } from 'node:fs';
import { endWith } from '../../common/runtime/command-line';
import { readCorpus, writeCorpus, writeFinding } from './engine/corpus';
import { type FuzzTarget, problemOf } from './engine/fuzz-target';
import { type FuzzRunOptions, readFuzzOptions } from './options';
import { runTarget } from './run-target';
import type { FuzzReport } from './worker';

/** Runs `npm run fuzz`. */
async function main(): Promise<void> {
  const options = readFuzzOptions(process.argv.slice(2));
  if ('kind' in options) return endWith(options);
  for (const target of options.targets) {
    const findings = options.input === undefined ? await search(target, options) : await repeat(target, options.input);
    if (findings > 0) process.exitCode = 1;
  }
}

/** Runs a target on one input. Returns the number of findings. */
async function repeat(target: FuzzTarget, path: string): Promise<number> {
  const problem = await problemOf(target, readFileSync(path));
  target.close?.();
  print(problem ?? `${target.name} keeps its promise for ${path}.`);
  return problem === undefined ? 0 : 1;
}

/** Fuzzes a target. Returns the number of findings. */
async function search(target: FuzzTarget, { minutes, seed, keep }: FuzzRunOptions): Promise<number> {
  const show = (report: FuzzReport, corpus: string): void =>
    print(
      `${target.name}: ${report.executions} executions, ${report.covered} blocks${corpus}, ` +
        `${report.findings.length} findings`,
    );
  const work = { corpus: readCorpus(target.name), seed, ms: minutes * 60_000, keep };
  const report = await runTarget(target, work, (progress) => show(progress, ''));
  show(report, `, ${report.corpus.length} inputs in the corpus`);
  for (const { input, problem } of report.findings) {
    const path = writeFinding(target.name, Buffer.from(input));
    print(`FOUND ${problem}\n  Repeat it with: npm run fuzz -- --target ${target.name} --input ${path}`);
  }
  if (keep && report.isDone)
    writeCorpus(
      target.name,
      report.corpus.map((input) => Buffer.from(input)),
    );
  return report.findings.length;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
