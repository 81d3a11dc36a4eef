import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import { MissingBlobs } from '../../../../data-plane/src/blobs/missing-blobs';
import type { NewRecord } from '../../../../data-plane/src/journal/pull-journal';
import { TestClock } from '../../../support/test-clock';

const key = { organizationUid: 'organization', originVersion: 'origin', repository: 'team/app' };
const digest = digestOf(Buffer.from('missing'));
const gone = new LayoverError('BLOB_UNKNOWN', { message: 'gone', upstreamStatus: 404 });

let records: NewRecord[];
let written: number;
let clock: TestClock;
let missing: MissingBlobs;

beforeEach(() => {
  records = [];
  written = 0;
  clock = new TestClock();
  const append = (record: NewRecord): Promise<void> => Promise.resolve(void records.push(record));
  missing = new MissingBlobs({ append }, clock, () => (written += 1));
});

test('a blob that the upstream does not have is reported with its upstream, without a digest that arrived', async () => {
  missing.failed(key, digest, gone);
  await Promise.resolve();
  expect(records).toEqual([
    { blob: { organizationUid: 'organization', missingDigest: digest, missingOriginVersion: 'origin' } },
  ]);
  expect(written).toBe(1);
});

test('a blob is reported once a minute', () => {
  missing.failed(key, digest, gone);
  clock.advance(59_999);
  missing.failed(key, digest, gone);
  expect(records).toHaveLength(1);
  clock.advance(1);
  missing.failed(key, digest, gone);
  missing.failed({ ...key, originVersion: 'another' }, digest, gone);
  expect(records).toHaveLength(3);
});

test.each([
  ['an outage', new LayoverError('UPSTREAM_FAILED', { upstreamStatus: 503 })],
  ['a refusal', new LayoverError('UPSTREAM_DENIED', { upstreamStatus: 403 })],
  ['an unknown blob that no upstream was asked for', new LayoverError('BLOB_UNKNOWN', {})],
  ['a bug', new Error('bug')],
])('%s is not reported', (_, error) => {
  missing.failed(key, digest, error);
  expect(records).toEqual([]);
});

test('a repository that the upstream removed (410) is reported', () => {
  missing.failed(key, digest, new LayoverError('NAME_UNKNOWN', { upstreamStatus: 410 }));
  expect(records).toHaveLength(1);
});
