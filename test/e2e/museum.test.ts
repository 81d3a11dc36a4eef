import { PROFILES } from '../support/museum';
import { isApplicable, OPERATION_NAMES, type OperationName, OPERATIONS } from '../support/museum/operations';
import { KNOWN_FAILURES } from '../support/museum/known-failures';
import { RUN } from './support/museum/run-operation';
import { type MuseumStage, startMuseumStage } from './support/museum/stage';

describe.each(PROFILES.map((profile) => [profile.name, profile] as const))('with %s as upstream', (_, profile) => {
  let stage: MuseumStage;

  beforeAll(async () => {
    stage = await startMuseumStage();
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const run = async (operation: OperationName): Promise<void> => {
    const visit = await stage.visit(profile, operation);
    try {
      await RUN[operation](visit);
    } finally {
      await visit.end();
    }
  };

  const known = KNOWN_FAILURES[profile.key] ?? {};
  const applicable = OPERATION_NAMES.filter((operation) => isApplicable(operation, profile));
  const sound = applicable.filter((operation) => known[operation] === undefined);
  const failing = applicable.filter((operation) => known[operation] !== undefined);

  if (sound.length > 0) {
    test.each(sound.map((operation) => [OPERATIONS[operation], operation] as const))(
      'Layover %s',
      (_description, operation) => run(operation),
      30_000,
    );
  }

  if (failing.length > 0) {
    test.each(failing.map((operation) => [OPERATIONS[operation], operation] as const))(
      'it is a known failure that Layover %s',
      (_description, operation) => expect(run(operation)).rejects.toThrow(),
      30_000,
    );
  }
});
