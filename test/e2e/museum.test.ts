import { PROFILES } from '../support/museum';
import { GOLDEN_REQUESTS } from '../support/museum/golden-requests';
import { KNOWN_FAILURES } from '../support/museum/known-failures';
import { isApplicable, OPERATION_NAMES, OPERATIONS } from '../support/museum/operations';
import { requestsOfPulls } from './support/museum/golden-pulls';
import { RUN } from './support/museum/run-operation';
import { type MuseumStage, type MuseumVisit, startMuseumStage } from './support/museum/stage';

/** Time for one operation, in milliseconds. */
const TIME = 60_000;

describe.each(PROFILES.map((profile) => [profile.name, profile] as const))('with %s as upstream', (_, profile) => {
  let stage: MuseumStage;

  beforeAll(async () => {
    stage = await startMuseumStage();
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const visiting = async <T>(name: string, operation: (visit: MuseumVisit) => Promise<T>): Promise<T> => {
    const visit = await stage.visit(profile, name);
    try {
      return await operation(visit);
    } finally {
      await visit.end();
    }
  };

  const known = KNOWN_FAILURES[profile.key] ?? {};
  for (const operation of OPERATION_NAMES) {
    if (!isApplicable(operation, profile)) continue;
    const run = (): Promise<void> => visiting(operation, RUN[operation]);
    if (known[operation] === undefined) test(`Layover ${OPERATIONS[operation]}`, run, TIME);
    else test(`it is still a known failure that Layover ${OPERATIONS[operation]}`, () => expectFailure(run), TIME);
  }

  if (known.cold === undefined && known.warm === undefined) {
    test(
      'a cold pull and a pull from the cache send the requests of the golden lists',
      async () => {
        expect(await visiting('golden', requestsOfPulls)).toEqual(GOLDEN_REQUESTS[profile.key]);
      },
      TIME,
    );
  } else {
    test('there is no golden list of pulls that fail', () => {
      expect(GOLDEN_REQUESTS[profile.key]).toBeUndefined();
    });
  }
});

/** Runs an operation that is a known failure. Throws an Error if it succeeds. */
async function expectFailure(run: () => Promise<void>): Promise<void> {
  const failed = await run().then(
    () => false,
    () => true,
  );
  if (!failed) throw new Error('This operation succeeds now. Remove it from test/support/museum/known-failures.ts.');
}
