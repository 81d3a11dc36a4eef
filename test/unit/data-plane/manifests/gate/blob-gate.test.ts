import { Deferred } from '../../../../../common/async/deferred';
import { LayoverError } from '../../../../../common/errors/layover-error';
import { digestOf } from '../../../../../common/oci/digest';
import { BlobGate } from '../../../../../data-plane/src/manifests/gate/blob-gate';
import type { BlobVerdict } from '../../../../../data-plane/src/manifests/gate/blob-judge';
import type { OrganizationSpec } from '../../../../support/data-plane/fakes/organizations';
import { pullRig } from '../../../../support/data-plane/fakes/pull-rig';

const BLOB = digestOf(Buffer.from('layer'));
const IMAGE = digestOf(Buffer.from('image'));
const REFUSED: BlobVerdict = { kind: 'refuse', image: IMAGE, reason: 'it is bad', vulnerabilities: ['CVE-1'] };
const GATED: Partial<OrganizationSpec> = { username: 'account', scanPolicy: { unscanned: 'SERVE', waitMs: 0 } };

/** Returns a gate, and the calls of its judge, which the test answers. */
async function rig(spec: Partial<OrganizationSpec> = GATED) {
  const { access, configuration, clock } = pullRig({ name: 'acme', ...spec });
  const target = await access.authorize(access.locate({ kind: 'organization', name: 'acme' }, 'team/app'), '');
  const calls: Deferred<BlobVerdict>[] = [];
  const judge = (): Promise<BlobVerdict> => {
    const call = new Deferred<BlobVerdict>();
    calls.push(call);
    return call.promise;
  };
  const gate = new BlobGate({ judge: { judge }, configuration, clock });
  return { calls, clock, pass: (signal?: AbortSignal) => gate.pass(target, BLOB, 'request', signal) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('any number of requests for a refused blob cause one running call and one that follows it', async () => {
  const { calls, pass } = await rig();
  const first = Promise.allSettled(Array.from({ length: 50 }, () => pass()));
  await settle();
  const later = Promise.allSettled(Array.from({ length: 50 }, () => pass()));
  await settle();
  expect(calls).toHaveLength(1);
  calls[0]!.resolve(REFUSED);
  await settle();
  expect(calls).toHaveLength(2);
  calls[1]!.resolve(REFUSED);
  for (const outcome of [...(await first), ...(await later)])
    expect(outcome).toMatchObject({ reason: { key: 'DENIED' } });
  expect(calls).toHaveLength(2);
});

test('a request is never answered with a refusal from before it', async () => {
  const { calls, pass } = await rig();
  const before = pass();
  await settle();
  const after = pass();
  calls[0]!.resolve(REFUSED);
  await expect(before).rejects.toMatchObject({ key: 'DENIED' });
  await settle();
  calls[1]!.resolve({ kind: 'serve', goodForMs: 1000 });
  await after;
});

test('a blob that may be served is not asked about again until the verdict ends', async () => {
  const { calls, pass, clock } = await rig();
  const ask = async (): Promise<void> => {
    const asked = pass();
    await settle();
    calls.at(-1)?.resolve({ kind: 'serve', goodForMs: 1000 });
    await asked;
  };
  await ask();
  clock.advance(999);
  await ask();
  expect(calls).toHaveLength(1);
  clock.advance(1);
  await ask();
  expect(calls).toHaveLength(2);
});

test('a client that leaves does not end the call for the others', async () => {
  const { calls, pass } = await rig();
  const client = new AbortController();
  const [left, stays] = [pass(client.signal), pass()];
  await settle();
  client.abort();
  await expect(left).rejects.toMatchObject({ key: 'CANCELLED' });
  calls[0]!.resolve({ kind: 'serve', goodForMs: 0 });
  await stays;
});

test('a blob is served if the control plane does not answer', async () => {
  const { calls, pass } = await rig();
  const asked = pass();
  await settle();
  calls[0]!.reject(new LayoverError('NOT_READY'));
  await asked;
});

test.each<[string, Partial<OrganizationSpec>]>([
  ['without a scan policy', { username: 'account' }],
  ['whose upstream needs no account', { scanPolicy: GATED.scanPolicy! }],
])('nobody is asked about blobs of an organization %s', async (_what, spec) => {
  const { calls, pass } = await rig(spec);
  await pass();
  expect(calls).toEqual([]);
});
