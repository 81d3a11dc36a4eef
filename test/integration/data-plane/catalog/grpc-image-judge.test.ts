import { status } from '@grpc/grpc-js';
import { systemClock } from '../../../../common/runtime/clock';
import { mustDigest } from '../../../../common/oci/digest';
import { type CatalogClient, createCatalogClient } from '../../../../data-plane/src/catalog/catalog-client';
import { createGrpcImageJudge } from '../../../../data-plane/src/catalog/grpc-image-judge';
import type { ImageJudge } from '../../../../data-plane/src/manifests/gate/image-judge';
import { FakeCatalog } from '../../../support/fake-catalog';

const digest = mustDigest(`sha256:${'c'.repeat(64)}`);
const key = { organizationUid: 'uid-1', originVersion: 'o1', repository: 'team/app' };

let catalog: FakeCatalog;
let client: CatalogClient;
let judge: ImageJudge;
beforeEach(async () => {
  catalog = await FakeCatalog.start();
  client = createCatalogClient(catalog.address);
  judge = createGrpcImageJudge(client, systemClock);
});
afterEach(async () => {
  client.close();
  await catalog.stop();
});

const ask = (waitMs = 0, signal = new AbortController().signal) =>
  judge.judge(key, digest, waitMs, 'request-1', signal);

test('GrpcImageJudge sends the request of the contract and reads each verdict', async () => {
  expect(await ask()).toEqual({ kind: 'unscanned', reason: '', vulnerabilities: [], pending: false, goodForMs: 0 });
  catalog.verdicts.set(digest, { verdict: 'SERVE', goodForMs: 1000 });
  expect(await ask(5)).toEqual({ kind: 'serve', reason: '', vulnerabilities: [], pending: false, goodForMs: 1000 });
  catalog.verdicts.set(digest, { verdict: 'REFUSE', reason: 'why', vulnerabilities: ['CVE-1'], goodForMs: 1 });
  expect(await ask()).toEqual({
    kind: 'refuse',
    reason: 'why',
    vulnerabilities: ['CVE-1'],
    pending: false,
    goodForMs: 1,
  });
  catalog.verdicts.set(digest, { verdict: 'UNSCANNED', pending: true });
  expect((await ask()).pending).toBe(true);
  catalog.verdicts.set(digest, { verdict: 'VERDICT_UNSPECIFIED' });
  expect((await ask()).kind).toBe('unscanned');
  expect(catalog.calls.filter(({ method }) => method === 'JudgeImage')[1]!.request).toMatchObject({
    repository: key,
    digest,
    waitMs: 5,
    requestId: 'request-1',
  });
});

test('GrpcImageJudge truncates long texts, which go into answers and records', async () => {
  const vulnerabilities = Array.from({ length: 50 }, () => 'x'.repeat(500));
  catalog.verdicts.set(digest, { verdict: 'REFUSE', reason: 'y'.repeat(5000), vulnerabilities });
  const verdict = await ask();
  expect([verdict.reason.length, verdict.vulnerabilities.length, verdict.vulnerabilities[0]!.length]).toEqual([
    500, 20, 64,
  ]);
});

test.each([
  ['a control plane without gates', status.UNIMPLEMENTED],
  ['a control plane with a bug', status.INTERNAL],
  ['a control plane that stops', status.CANCELLED],
])('GrpcImageJudge throws NOT_READY for %s', async (_what, code) => {
  catalog.switches.failWith = code;
  await expect(ask()).rejects.toMatchObject({ key: 'NOT_READY' });
  await expect(ask(50)).rejects.toMatchObject({ key: 'NOT_READY' });
});

test('GrpcImageJudge answers again when the control plane is back', async () => {
  await catalog.stop();
  await expect(ask()).rejects.toMatchObject({ key: 'NOT_READY' });
  await expect(ask(50)).rejects.toMatchObject({ key: 'NOT_READY' });
  await catalog.start();
  let kind = '';
  while (kind !== 'unscanned')
    kind = await ask().then(
      (verdict) => verdict.kind,
      () => '',
    );
});

test('GrpcImageJudge cancels an aborted wait at the control plane too', async () => {
  let gone = (): void => undefined;
  const cancelled = new Promise<void>((resolve) => (gone = resolve));
  catalog.switches.judge = async (_request, end) => {
    await end;
    gone();
    return {};
  };
  const controller = new AbortController();
  const asked = ask(60_000, controller.signal);
  asked.catch(() => undefined);
  await catalog.until(() => catalog.count('JudgeImage') === 1);
  controller.abort();
  await expect(asked).rejects.toMatchObject({ key: 'CANCELLED' });
  await cancelled;
});
