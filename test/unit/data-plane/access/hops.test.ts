import { hopHeader } from '../../../../data-plane/src/upstream/hop-header';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const ask = async (hops: readonly string[], authorization = ''): Promise<unknown> => {
  const { access } = pullRig({ name: 'acme' });
  const context = { ...CONTEXT, authorization, hops: [...hops] };
  const owner = { kind: 'organization', name: 'acme' } as const;
  return access
    .locateForClient({ context, owner, repository: 'team/app', signal: undefined })
    .then((located) => access.authorize(located, authorization))
    .then(
      (target) => target.upstream.hops ?? [],
      (error: { key: string }) => error.key,
    );
};

test('a request that passed through this data plane before is refused', async () => {
  expect(await ask(['this-node'])).toBe('LOOP_DETECTED');
  expect(await ask(['a', 'this-node', 'b'])).toBe('LOOP_DETECTED');
});

test('a request may pass through three other data planes, but not through four', async () => {
  expect(await ask([])).toEqual([]);
  expect(await ask(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
  expect(await ask(['a', 'b', 'c', 'd'])).toBe('LOOP_DETECTED');
});

test('a request to an upstream names all data planes, this one last', () => {
  expect(hopHeader('this-node', ['a', 'b'])).toEqual({ 'x-layover-hops': 'a, b, this-node' });
  expect(hopHeader('this-node')).toEqual({ 'x-layover-hops': 'this-node' });
  expect(hopHeader(undefined, ['a'])).toEqual({});
});
