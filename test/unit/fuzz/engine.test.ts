import * as fc from 'fast-check';
import { CoverageProbe } from '../../fuzz/engine/coverage';
import { distil } from '../../fuzz/engine/distil';
import { fuzz, type FuzzProgress } from '../../fuzz/engine/fuzz';
import { type FuzzTarget, MAX_CPU_MS, problemOf } from '../../fuzz/engine/fuzz-target';
import { isScriptOf } from '../../fuzz/engine/measured';
import { plantedFault } from './planted-fault';

/** Enough to find four letters one after the other; far too few to guess them together. */
const EXECUTIONS = 8_000;

const planted: FuzzTarget = {
  name: 'planted-fault',
  sources: ['test/unit/fuzz/planted-fault'],
  maxBytes: 16,
  words: [...'Layover! cache'],
  inputs: fc.uint8Array({ maxLength: 8 }),
  run: plantedFault,
};

async function search(probe: CoverageProbe, seed: number): Promise<FuzzProgress> {
  return fuzz(planted, probe, {
    corpus: [],
    seed,
    goOn: ({ executions, findings }) => findings.length === 0 && executions < EXECUTIONS,
  });
}

async function withProbe<T>(
  isMeasured: (script: string) => boolean,
  action: (probe: CoverageProbe) => Promise<T>,
): Promise<T> {
  const probe = new CoverageProbe(isMeasured);
  probe.start();
  try {
    return await action(probe);
  } finally {
    probe.stop();
  }
}

// First, because only code that did not run before is measured by blocks.
test('coverage leads to a fault behind four conditions, and a small corpus keeps the way', async () => {
  await withProbe(isScriptOf(planted), async (probe) => {
    const { findings, corpus } = await search(probe, 1);
    expect(findings).toHaveLength(1);
    expect(findings[0]!.problem).toContain('The planted fault is reached.');
    expect(findings[0]!.input.subarray(0, 4).toString()).toBe('Lay!');
    const kept = (await distil(planted, probe, corpus)).map((input) => input.toString('latin1'));
    // Each shorter one is the way to the next.
    expect(kept).toEqual(expect.arrayContaining(['La', 'Lay', 'Lay!']));
    expect(kept.filter((text) => !'Lay!'.startsWith(text))).toEqual([]);
  });
});

test('the same number of inputs does not find the fault without coverage', async () => {
  const { findings, executions } = await withProbe(
    () => false,
    (probe) => search(probe, 1),
  );
  expect(findings).toEqual([]);
  expect(executions).toBeGreaterThanOrEqual(EXECUTIONS);
});

test('reports an input that takes too much processor time', async () => {
  const burn = (): void => {
    const begin = process.cpuUsage();
    const used = (): number => process.cpuUsage(begin).user + process.cpuUsage(begin).system;
    while (used() < 1.05 * MAX_CPU_MS * 1000) Buffer.alloc(2 ** 20, 'x');
  };
  const slow: FuzzTarget = { ...planted, run: burn };
  expect(await problemOf(slow, Buffer.alloc(0))).toMatch(/takes \d+ ms of processor time/);
});
