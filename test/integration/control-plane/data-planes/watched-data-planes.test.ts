import { openPlaneSecurity } from '../../../../common/grpc/plane-security';
import { systemClock } from '../../../../common/runtime/clock';
import { createLogger } from '../../../../common/runtime/logger';
import type { PlaneSecurityConfig } from '../../../../common/security/plane-security-config';
import { GrpcContentKeeper } from '../../../../control-plane/src/data-planes/grpc-content-keeper';
import { WatchedDataPlanes } from '../../../../control-plane/src/data-planes/watched-data-planes';
import { TestClock } from '../../../support/test-clock';
import { FakeStorage } from '../../../support/fake-storage';
import { waitUntil } from '../../../support/real/wait-until';
import { freePort } from '../../../support/real/free-port';

const DIGEST = `sha256:${'a'.repeat(64)}`;
/** Host names need a secret or certificates; the fakes do not check them. */
const SECURITY: PlaneSecurityConfig = {
  tls: undefined,
  domain: 'layover.internal',
  secret: 's'.repeat(40),
  previousSecrets: [],
};

const log = createLogger('test', 'silent');
let clock: TestClock;
let addresses: readonly string[];
let fakes: readonly FakeStorage[];
let planes: WatchedDataPlanes;
let keeper: GrpcContentKeeper;
let security: ReturnType<typeof openPlaneSecurity>;

beforeEach(async () => {
  clock = new TestClock();
  const port = await freePort();
  fakes = await Promise.all(
    ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host) => FakeStorage.start({ kind: 'tcp', host, port })),
  );
  addresses = ['127.0.0.1', '127.0.0.2'];
  security = openPlaneSecurity(SECURITY, systemClock, log);
  planes = new WatchedDataPlanes({
    addresses: [{ kind: 'tcp', host: 'data-planes.test', port }],
    security,
    resolve: () => Promise.resolve(addresses),
    clock,
    log,
  });
  await planes.start();
  keeper = new GrpcContentKeeper(planes, systemClock, log);
});

afterEach(async () => {
  planes.close();
  security.close();
  await Promise.all(fakes.map((fake) => fake.stop()));
});

test('content that one data plane behind a host name uses is in use, in any order of addresses', async () => {
  fakes[0]!.blobs.set(DIGEST, 7);
  fakes[1]!.inUse.add(DIGEST);
  expect(await keeper.stat([DIGEST])).toEqual(new Map([[DIGEST, { digest: DIGEST, size: 7, inUse: true }]]));
});

test('a deletion is sent to all data planes', async () => {
  await keeper.delete([DIGEST]);
  expect(fakes.map((fake) => fake.calls.map(({ method }) => method))).toEqual([['DeleteBlobs'], ['DeleteBlobs'], []]);
});

test('new data planes are used after the next lookup, and removed ones are not', async () => {
  addresses = ['127.0.0.2', '127.0.0.3'];
  clock.advance(3_000);
  await waitUntil('the lookup of the host name', () =>
    planes.clients.some(({ address }) => address.startsWith('127.0.0.3')),
  );
  await keeper.stat([DIGEST]);
  expect(fakes.map((fake) => fake.calls.length)).toEqual([0, 1, 1]);
});
