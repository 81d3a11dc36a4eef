import { type ServiceError, status } from '@grpc/grpc-js';
import { digestOf } from '../../../../common/oci/digest';
import { copyReferrers } from '../../../../data-plane/src/cluster/copy-referrers';
import { keepReferrersForPeer } from '../../../../data-plane/src/cluster/keep-referrers-for-peer';
import type { Peer } from '../../../../data-plane/src/cluster/peers';
import type { StoredReferrers } from '../../../../data-plane/src/known/knowledge';
import type { Node } from '../../../../common/nodes/node';
import type { KeepReferrersRequest } from '../../../../proto/gen/layover/v1/KeepReferrersRequest';
import { pullRig, silentLogger } from '../../../support/data-plane/fakes/pull-rig';

const DIGEST = digestOf(Buffer.from('subject'));

type Answer = (error: ServiceError | null) => void;

/** Creates nodes in the order of the digest; `self` is this node. */
async function rig(...order: readonly string[]) {
  const { access, clock } = pullRig();
  const target = await access.authorize(access.locate({ kind: 'organization', name: 'acme' }, 'team/app'), '');
  const sent: { readonly node: string; readonly message: KeepReferrersRequest; readonly answer: Answer }[] = [];
  const node = (name: string): Node<Peer> =>
    ({
      name,
      identity: { instance: name },
      connection: {
        client: {
          keepReferrers: (message: KeepReferrersRequest, _options: object, answer: Answer) =>
            void sent.push({ node: name, message, answer }),
        },
      },
    }) as unknown as Node<Peer>;
  const nodes = order.map(node);
  const peers = {
    owner: (key: string, avoid: readonly string[] = []) => {
      expect(key).toBe(DIGEST);
      return nodes.find(({ name }) => !avoid.includes(name));
    },
  };
  const copy = copyReferrers({ peers, instance: 'self', clock, logger: silentLogger });
  const page = (content = '{}'): StoredReferrers => ({
    content: Buffer.from(content),
    filtered: false,
    checkedAt: clock.now(),
    next: { query: 'n=1', after: undefined },
  });
  return {
    clock,
    target,
    sent,
    page,
    copy: (content?: string, name = '') => copy(target, { digest: DIGEST, name, page: page(content) }),
    nodes: () => sent.map((one) => one.node),
    /** Adds a node in front of the others in the order of the digest. */
    join: (name: string) => void nodes.unshift(node(name)),
  };
}

const lost = Object.assign(new Error('lost'), { code: status.UNAVAILABLE }) as ServiceError;

test('a page goes to the node that is asked next, with all that it needs', async () => {
  const { copy, sent, target, page } = await rig('self', 'next', 'third');
  copy('{"manifests":[]}', 'type');
  const { organizationUid, originVersion } = target.key;
  const key = { organization: 'acme', organizationUid, originVersion, repository: 'team/app', digest: DIGEST };
  const message = { ...key, page: 'type', ...page('{"manifests":[]}') };
  expect(sent.map(({ node, message }) => ({ node, message }))).toEqual([{ node: 'next', message }]);
});

test('a node that was asked instead of the owner copies to the owner', async () => {
  const { copy, nodes } = await rig('owner', 'self');
  copy();
  expect(nodes()).toEqual(['owner']);
});

test('nothing is copied if there is no other node', async () => {
  const { copy, nodes } = await rig('self');
  copy();
  expect(nodes()).toEqual([]);
});

test('a page is copied again when it changed, when a minute has passed, and after a failure', async () => {
  const { copy, sent, clock } = await rig('self', 'next');
  copy('a');
  sent[0]!.answer(null);
  copy('a');
  clock.advance(1);
  copy('a');
  expect(sent).toHaveLength(1);
  copy('b');
  sent[1]!.answer(null);
  clock.advance(60_000);
  copy('b');
  expect(sent).toHaveLength(3);
  sent[2]!.answer(lost);
  copy('b');
  expect(sent).toHaveLength(4);
});

test('a page that was copied goes to a node that joined in front of the other', async () => {
  const { copy, nodes, join } = await rig('self', 'next');
  copy();
  copy();
  join('joined');
  copy();
  expect(nodes()).toEqual(['next', 'joined']);
});

test('at most 16 copies run at once', async () => {
  const { copy, sent } = await rig('self', 'next');
  for (let index = 0; index < 20; index += 1) copy('{}', `type-${index}`);
  expect(sent).toHaveLength(16);
  sent[0]!.answer(null);
  copy('{}', 'type-19');
  expect(sent).toHaveLength(17);
});

describe('a page from another node', () => {
  /** Returns what a node with this organization keeps of pages that others send. */
  function receiver() {
    const { access, knowledge, clock, configuration } = pullRig();
    const { key } = access.internal(access.locate({ kind: 'organization', name: 'acme' }, 'team/app'));
    const { organizationUid, originVersion } = key;
    const from = { organization: 'acme', organizationUid, originVersion, repository: 'team/app' };
    const give = (content: string | Buffer, more: Readonly<Record<string, unknown>> = {}, checkedAt = clock.now()) =>
      keepReferrersForPeer(
        { access, knowledge, clock },
        {
          ...from,
          digest: DIGEST,
          name: '',
          page: { content: Buffer.from(content), filtered: false, checkedAt },
          ...more,
        },
      );
    const kept = () => knowledge.referrers(key, DIGEST, '');
    return { give, kept, clock, configuration };
  }

  test('is kept unless a newer one is known, and is never from the future', () => {
    const { give, kept, clock } = receiver();
    give('first');
    clock.advance(1000);
    give('second', {}, clock.now() + 60_000);
    expect(kept()).toMatchObject({ content: Buffer.from('second'), checkedAt: clock.now() });
    give('old', {}, clock.now() - 500);
    expect(kept()).toMatchObject({ content: Buffer.from('second') });
  });

  test.each([
    ['of another organization with the same name', { organizationUid: 'other' }, 'NAME_UNKNOWN'],
    ['of another upstream', { originVersion: 'other' }, 'NAME_UNKNOWN'],
    ['of an unknown organization', { organization: 'nobody' }, 'NAME_UNKNOWN'],
    ['with a name that is too long', { name: 'x'.repeat(16 * 1024 + 1) }, 'REQUEST_INVALID'],
  ])('is not kept if it is %s', (_what, more, error) => {
    const { give, kept } = receiver();
    expect(() => give('page', more)).toThrow(expect.objectContaining({ key: error }));
    expect(kept()).toBeUndefined();
  });

  test('is not kept if it is larger than what is stored', () => {
    const { give, kept } = receiver();
    expect(() => give(Buffer.alloc(256 * 1024 + 1))).toThrow(expect.objectContaining({ key: 'REQUEST_INVALID' }));
    expect(kept()).toBeUndefined();
  });
});
