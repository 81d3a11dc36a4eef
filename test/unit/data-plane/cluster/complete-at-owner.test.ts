import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../../common/grpc/error-status';
import type { NodeSet } from '../../../../common/nodes/node-set';
import { digestOf } from '../../../../common/oci/digest';
import { completeAtOwner } from '../../../../data-plane/src/cluster/complete-at-owner';
import type { Peer } from '../../../../data-plane/src/cluster/peers';
import type { FillBlobRequest } from '../../../../proto/gen/layover/v1/FillBlobRequest';
import { pullRig } from '../../../support/data-plane/fakes/pull-rig';

const CONTENT = Buffer.from('a layer');
const BLOB = { digest: digestOf(CONTENT), mediaType: 'application/octet-stream', size: CONTENT.length };

type Outcome = 'filled' | 'hangs' | LayoverError | status;

/** Creates nodes in the order of the blob; `self` is this node. */
async function rig(...order: readonly (readonly [name: string, outcome: Outcome])[]) {
  const { access } = pullRig();
  const target = await access.authorize(access.locate({ kind: 'organization', name: 'acme' }, 'team/app'), '');
  const asked: { readonly node: string; readonly message: FillBlobRequest }[] = [];
  const here: string[] = [];
  const nodes = order.map(([name, outcome]) => ({
    name,
    identity: { id: name, instance: name, name },
    connection: {
      client: {
        fillBlob(message: FillBlobRequest, _options: unknown, done: (error: ServiceError | null) => void) {
          asked.push({ node: name, message });
          if (outcome !== 'hangs') done(outcome === 'filled' ? null : failure(outcome));
          return { cancel: () => done(failure(status.CANCELLED)) };
        },
      },
    },
  }));
  const peers = {
    owner: (key: string, avoid: readonly string[] = []) => {
      expect(key).toBe(BLOB.digest);
      return nodes.find(({ name }) => !avoid.includes(name));
    },
  } as unknown as NodeSet<Peer>;
  const elsewhere = completeAtOwner({ peers, instance: 'self', timeoutMs: 1000 });
  const complete = async (urgent?: AbortSignal): Promise<void> => {
    if ((await elsewhere(target, BLOB, urgent)) !== true) here.push(BLOB.digest);
  };
  return { complete, elsewhere: () => elsewhere(target, BLOB, undefined), asked, here, target };
}

function failure(outcome: LayoverError | status): ServiceError {
  const error = new Error('failed') as ServiceError;
  if (outcome instanceof LayoverError) return Object.assign(error, toGrpcFailure(outcome));
  return Object.assign(error, { code: outcome, details: '', metadata: new Metadata() });
}

test('fills the blob here without a call or delay if this node is the first', async () => {
  const { complete, elsewhere, asked, here } = await rig(['self', 'filled'], ['other', 'filled']);
  expect(elsewhere()).toBeUndefined();
  await complete();
  expect([asked, here]).toEqual([[], [BLOB.digest]]);
});

test('asks the first node and sends all that it needs', async () => {
  const { complete, asked, here, target } = await rig(['other', 'filled'], ['self', 'filled']);
  await complete();
  const { organizationUid, originVersion } = target.key;
  const { digest, size } = BLOB;
  const message = { organization: 'acme', organizationUid, originVersion, repository: 'team/app', digest, size };
  expect(asked).toEqual([{ node: 'other', message }]);
  expect(here).toEqual([]);
});

test.each<[string, Outcome]>([
  ['is lost', status.UNAVAILABLE],
  ['was stopped during the call', status.CANCELLED],
  ['is stopping', new LayoverError('NOT_READY')],
  ['does not know the call', status.UNIMPLEMENTED],
])('asks the next node instead of a node that %s', async (_name, outcome) => {
  const third = await rig(['a', outcome], ['b', 'filled'], ['self', 'filled']);
  await third.complete();
  expect([third.asked.map(({ node }) => node), third.here]).toEqual([['a', 'b'], []]);
  const self = await rig(['a', outcome], ['self', 'filled']);
  await self.complete();
  expect([self.asked.map(({ node }) => node), self.here]).toEqual([['a'], [BLOB.digest]]);
});

test.each(['UPSTREAM_FAILED', 'UPSTREAM_CONTENT', 'UPSTREAM_TIMEOUT', 'NAME_UNKNOWN', 'STORE_FULL'] as const)(
  'returns %s without asking another node',
  async (key) => {
    const { complete, asked, here } = await rig(['a', new LayoverError(key)], ['b', 'filled'], ['self', 'filled']);
    await expect(complete()).rejects.toMatchObject({ key });
    expect([asked.length, here]).toEqual([1, []]);
  },
);

test('returns the timeout of a call without asking another node', async () => {
  const { complete, here } = await rig(['a', status.DEADLINE_EXCEEDED], ['self', 'filled']);
  await expect(complete()).rejects.toMatchObject({ key: 'TIMEOUT' });
  expect(here).toEqual([]);
});

test('fills the blob here if no node is known', async () => {
  const { complete, here } = await rig();
  await complete();
  expect(here).toEqual([BLOB.digest]);
});

test('marks an urgent call until its signal aborts, and then asks no other node', async () => {
  const { complete, asked, here } = await rig(['a', 'hangs'], ['b', 'filled'], ['self', 'filled']);
  const urgent = new AbortController();
  const completing = complete(urgent.signal);
  const outcome = expect(completing).rejects.toMatchObject({ key: 'CANCELLED' });
  await new Promise((resolve) => setImmediate(resolve));
  urgent.abort();
  await outcome;
  expect([asked.map(({ node, message }) => [node, message.urgent]), here]).toEqual([[['a', true]], []]);
});
