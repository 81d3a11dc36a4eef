import { describeWith } from '../support/real/programs';
import { caseNamed } from './cases/chaos-case';
import { type Calibration, calibrate } from './run/calibrate';
import type { CaseOutcome } from './run/outcome';
import { runCase } from './run/run-case';
import { verify } from './run/verify';
import { SAMPLE } from './sample';
import { HOSTS_PROGRAMS } from './world/arrange-hosts';
import { PLACES, type WorldKind } from './world/place';
import { startWorld } from './world/start-world';
import type { World } from './world/world';

const SEED = 1;
const CASE_MS = 120_000;

const WORLDS: Readonly<Partial<Record<WorldKind, readonly string[]>>> = { machine: [], hosts: HOSTS_PROGRAMS };

for (const [kind, programs] of Object.entries(WORLDS) as [WorldKind, readonly string[]][]) {
  const cases = SAMPLE.map(caseNamed).filter(({ place }) => PLACES[place].world === kind);

  describeWith(programs, `faults between the parts of Layover (${kind})`, () => {
    let world: World;
    let calibration: Calibration;
    const outcomes: CaseOutcome[] = [];

    beforeAll(async () => {
      world = await startWorld(kind);
      calibration = await calibrate(world);
    }, 120_000);

    afterAll(() => world?.stop(), 60_000);

    test.each(cases.map(({ name }) => name))(
      '%s',
      async (name) => {
        const outcome = await runCase(world, caseNamed(name), calibration, SEED);
        outcomes.push(outcome);
        expect(outcome.problems).toEqual([]);
        // A case that does not come to its place tests nothing.
        expect(outcome.isReached).toBe(true);
      },
      CASE_MS,
    );

    test(
      'every pull has one record with its outcome, and the store is clean',
      async () => {
        const before = new Map(outcomes.map((outcome) => [outcome, outcome.problems.length]));
        expect(await verify(world, outcomes)).toEqual([]);
        const found = outcomes.flatMap((outcome) =>
          outcome.problems.slice(before.get(outcome)).map((problem) => `${outcome.chaosCase.name}: ${problem}`),
        );
        expect(found).toEqual([]);
      },
      CASE_MS,
    );
  });
}
