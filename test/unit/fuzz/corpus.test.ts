import { readCorpus } from '../../fuzz/engine/corpus';
import { problemOf } from '../../fuzz/engine/fuzz-target';
import { fuzzTargets } from '../../fuzz/targets';

describe.each(fuzzTargets().map((target) => [target.name, target] as const))('%s', (name, target) => {
  afterAll(() => target.close?.());

  test('keeps its promise for every input of the corpus', async () => {
    const inputs = readCorpus(name);
    expect(inputs.length).toBeGreaterThan(1);
    for (const input of inputs) expect(await problemOf(target, input)).toBeUndefined();
  });
});
