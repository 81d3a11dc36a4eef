import { readOrganization } from '../../../../data-plane/src/configuration/read-organization';
import type { Organization__Output } from '../../../../proto/gen/layover/v1/Organization';

const ORGANIZATION: Organization__Output = {
  uid: 'uid-1',
  name: 'acme',
  visibility: 'PUBLIC',
  proxyCache: null,
  robots: [],
  scanPolicy: null,
  quotaBytes: 0,
  rejectsOversize: false,
};

test.each([
  [20_000, 20_000],
  [25_000, 25_000],
  [100_000, 25_000],
])('a policy that waits for a scan for %d ms waits for %d ms, because clients give up after 30 s', (given, kept) => {
  const scanPolicy = { unscanned: 'WAIT' as const, waitMs: given };
  expect(readOrganization({ ...ORGANIZATION, scanPolicy }).scanPolicy).toEqual({ unscanned: 'WAIT', waitMs: kept });
});
