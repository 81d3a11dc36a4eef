import { LayoverError } from '../../../../common/errors/layover-error';
import { parseReference } from '../../../../common/oci/reference';
import type { ErrorKey } from '../../../../common/errors/catalogue';
import { EdgeAnswers } from '../../../../data-plane/src/manifests/edge-answers';
import type { ManifestRequest } from '../../../../data-plane/src/manifests/manifest-request';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const ID = '0197a000-0000-7000-8000-000000000001';

function rig() {
  const rig = pullRig({ name: 'acme' }, { name: 'secret', visibility: 'PRIVATE', robots: { ci: 'robot secret' } });
  const answers = new EdgeAnswers(rig.access, rig.journal, rig.clock);
  const requestFor = (organization: string, authorization = ''): ManifestRequest => ({
    context: { ...CONTEXT, recordId: ID, attempt: 2, authorization },
    owner: { kind: 'organization', name: organization },
    repository: 'team/app',
    reference: parseReference('v1')!,
    headOnly: false,
    accept: [],
    signal: undefined,
  });
  return { ...rig, answers, requestFor };
}

const error: ErrorKey = 'DATA_PLANE_UNAVAILABLE';

test('an answer is recorded with the identity of the request, the attempt and the time of the answer', async () => {
  const { answers, requestFor, journal, clock } = rig();
  await answers.record({ request: requestFor('acme'), error, message: 'nobody there', ageMs: 90_000 });
  expect(journal.records).toMatchObject([
    {
      id: ID,
      at: clock.now() - 90_000,
      pull: {
        organizationUid: 'uid-acme',
        organization: 'acme',
        repository: 'team/app',
        reference: 'v1',
        httpStatus: 503,
        cacheStatus: 'ERROR',
        errorCode: 'UNAVAILABLE',
        errorMessage: 'nobody there',
        actor: 'anonymous',
        attempt: 2,
        digest: '',
        bytes: 0,
      },
    },
  ]);
});

test('a robot is recorded if its token was valid when the client was answered', async () => {
  const { answers, requestFor, journal, clock, checks, configuration } = rig();
  const login = { username: 'secret+ci', password: 'robot secret' };
  const { secretVersion } = await checks.logins.verify(configuration.current(), login, CONTEXT);
  const claims = { subject: 'secret+ci', secretVersion, access: [] };
  const { token } = await checks.tokens.issue(configuration.current(), 'layover', claims);
  // The token has expired when a data plane is back.
  clock.advance(3_600_000);
  await answers.record({ request: requestFor('secret', `Bearer ${token}`), error, message: 'm', ageMs: 3_590_000 });
  await answers.record({ request: requestFor('secret', `Bearer ${token}`), error, message: 'm', ageMs: 0 });
  await answers.record({ request: requestFor('secret', 'Bearer invented'), error, message: 'm', ageMs: 0 });
  expect(journal.pulls.map(({ actor }) => actor)).toEqual(['robot:secret+ci', 'anonymous', 'anonymous']);
  expect(journal.pulls.every(({ organizationUid }) => organizationUid === 'uid-secret')).toBe(true);
});

test('a request for an organization that does not exist is recorded under its name', async () => {
  const { answers, requestFor, journal } = rig();
  await answers.record({ request: requestFor('nobody'), error, message: 'm', ageMs: 0 });
  expect(journal.pulls).toMatchObject([{ organizationUid: '', organization: 'nobody', httpStatus: 503 }]);
});

test('a sum is one record with the count, the times and the organization', async () => {
  const { answers, requestFor, journal, clock } = rig();
  const sum = { request: requestFor('acme'), error, count: 40, ageMs: 1000, firstAgeMs: 61_000 };
  await answers.recordSum({ ...sum, otherClients: false, hasOwner: true });
  await answers.recordSum({ ...sum, otherClients: true, hasOwner: false });
  const now = clock.now();
  expect(journal.records).toMatchObject([
    {
      id: ID,
      at: now - 1000,
      refusals: {
        kind: 'PULL',
        organizationUid: 'uid-acme',
        organization: 'acme',
        clientAddress: '192.0.2.7',
        count: 40,
        firstAt: now - 61_000,
        lastAt: now - 1000,
        errors: [{ code: 'UNAVAILABLE', httpStatus: 503, count: 40 }],
        references: ['acme/team/app:v1'],
      },
    },
    { refusals: { organizationUid: '', organization: '', clientAddress: '', otherClients: true, count: 40 } },
  ]);
});

test('nothing is recorded without a configuration, so that the edge reports it later', async () => {
  const { answers, requestFor, journal, configuration } = rig();
  configuration.current = () => {
    throw new LayoverError('NOT_READY');
  };
  await expect(answers.record({ request: requestFor('acme'), error, message: 'm', ageMs: 0 })).rejects.toMatchObject({
    key: 'NOT_READY',
  });
  expect(journal.records).toEqual([]);
});
