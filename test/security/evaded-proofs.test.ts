import { type Digest, digestOf } from '../../common/oci/digest';
import { createGate, type FakeRegistry, patternBytes } from '../support/fake-registry';
import { waitUntil } from '../support/real/wait-until';
import { readUntilCut, withoutDigest } from './support/observed';
import { LURE, releaseAll, startRegistry, startWorld, type World } from './support/world';

const SECRET = 'secret/app';
const SIZE = 1024 * 1024;
const ALICE = { username: 'alice', password: 'a' };
const secret = patternBytes('of the victim', 0, SIZE);
const held = digestOf(secret);
const absent = digestOf(Buffer.from('nobody holds this'));

afterEach(releaseAll);

/** Starts a registry with the secret, which only alice may read, and a vault that holds it. */
async function startVault(): Promise<{ readonly world: World; readonly good: FakeRegistry }> {
  const users = {
    alice: { password: 'a', repositories: 'all' as const },
    bob: { password: 'b', repositories: 'all' as const },
  };
  const good = await startRegistry({ auth: { kind: 'basic', users } });
  good.content.addBlob(SECRET, secret);
  const world = await startWorld();
  await world.join({ name: 'vault', upstream: good, account: ALICE, isPrivate: true });
  expect(digestOf((await world.ask('vault', `${SECRET}/blobs/${held}`)).body)).toBe(held);
  await world.isHeld('vault', SECRET, held);
  good.takeRequests();
  return { world, good };
}

/** Starts a registry of an attacker that knows the beginning of the secret only. */
async function startEvil(knownBytes = SIZE / 16): Promise<FakeRegistry> {
  const evil = await startRegistry();
  const invented = Buffer.concat([secret.subarray(0, knownBytes), patternBytes('invented', 0, SIZE - knownBytes)]);
  for (const digest of [held, absent]) evil.content.addBlob(LURE, invented, digest);
  return evil;
}

const rangesOf = (registry: FakeRegistry): string[] =>
  registry.takeRequests().flatMap(({ method, headers }) => (method === 'GET' && headers.range ? [headers.range] : []));

const ask = (world: World, organization: string, digest: Digest, repository = LURE) =>
  world.ask(organization, `${repository}/blobs/${digest}`);

describe('an upstream of an attacker that has a part of the bytes', () => {
  test.each([
    ['drops the connection', { dropRequest: true }],
    ['fails', { respond: { status: 500 } }],
    ['refuses', { respond: { status: 416 } }],
    ['sends the whole', { ignoreRange: true }],
  ])('gets no other choice of ranges if it %s when it cannot answer one', async (_what, misbehaviour) => {
    const { world } = await startVault();
    const evil = await startEvil();
    const isUnknown = (range: string | undefined): boolean => Number(/\d+/.exec(range ?? '')?.[0]) > SIZE / 16 - 16_384;
    evil.quirk({ when: ({ headers }) => isUnknown(headers.range), ...misbehaviour });
    const ranges = new Set<string>();
    for (const name of ['evil', 'evil2']) {
      await world.join({ name, upstream: evil, account: { username: name, password: name } });
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const { body } = await ask(world, name, held);
        expect(body.equals(secret)).toBe(false);
        // Requests that resume a fill have no end.
        for (const range of rangesOf(evil)) if (!range.endsWith('-')) ranges.add(range);
      }
    }
    expect([ranges.size > 0, ranges.size <= 6]).toEqual([true, true]);
  });

  test('does not learn the size of a blob of others from the ranges', async () => {
    const { world } = await startVault();
    const evil = await startEvil();
    evil.quirk({ method: 'HEAD', headers: { 'content-length': undefined } });
    await world.join({ name: 'evil', upstream: evil });
    for (const digest of [held, absent]) {
      await ask(world, 'evil', digest);
      expect(rangesOf(evil)).toEqual([]);
    }
  });

  test('does not make the proofs of honest organizations more expensive', async () => {
    const { world, good } = await startVault();
    const evil = await startEvil();
    await world.join({ name: 'evil', upstream: evil });
    await ask(world, 'evil', held);
    await world.join({ name: 'second', upstream: good, account: { username: 'bob', password: 'b' } });
    good.takeRequests();
    expect(digestOf((await ask(world, 'second', held, SECRET)).body)).toBe(held);
    expect(rangesOf(good)).toHaveLength(6);
  });
});

describe('an upstream of an attacker that lets others answer', () => {
  test('gets nothing if it redirects to the victim, at Layover or at its registry', async () => {
    const { world, good } = await startVault();
    const evil = await startEvil();
    await world.join({ name: 'evil', upstream: evil });
    // Layover recognizes its own request; the registry misses the credentials.
    const places = [
      [`${world.layover.url}/v2/vault`, 508],
      [`http://${good.host}/v2`, 403],
    ] as const;
    for (const [place, status] of places) {
      const quirk = evil.quirk({
        path: '/blobs/',
        method: 'GET',
        redirect: ({ path }) => `${place}/${SECRET}${path.slice(path.indexOf('/blobs/'))}`,
      });
      const [mine, nobodys] = [await ask(world, 'evil', held), await ask(world, 'evil', absent)];
      expect(withoutDigest(mine, held)).toEqual(withoutDigest(nobodys, absent));
      expect(mine.status).toBe(status);
      quirk.remove();
    }
  });
});

describe('a change of the account', () => {
  test('while a blob is fetched proves nothing for the new account', async () => {
    const { world, good } = await startVault();
    const other = patternBytes('fetched meanwhile', 0, SIZE);
    const digest = digestOf(other);
    good.content.addBlob(SECRET, other);
    await world.join({ name: 'second', upstream: good, account: { username: 'bob', password: 'b' } });
    const gate = createGate();
    good.quirk({ path: digest, method: 'GET', gate, gateAtBytes: SIZE / 2, times: 1 });
    const reading = await world.open('second', `${SECRET}/blobs/${digest}`);
    await gate.reached;
    await world.join({ name: 'second', upstream: good, account: { username: 'mallory', password: 'm' } });
    await waitUntil('the new account', async () => (await ask(world, 'second', digest, SECRET)).status === 403);
    gate.open();
    expect(digestOf((await readUntilCut(reading)).body)).toBe(digest);
    for (let times = 0; times < 3; times += 1) {
      const { status, headers } = await ask(world, 'second', digest, SECRET);
      expect([status, headers['x-layover-cache']]).toEqual([403, 'REFUSED']);
    }
  });

  test('to the user name of another organization gives nothing without its password', async () => {
    const { world, good } = await startVault();
    await world.join({ name: 'evil', upstream: good, account: { username: 'alice', password: 'guessed' } });
    const [mine, nobodys] = [await ask(world, 'evil', held, SECRET), await ask(world, 'evil', absent, SECRET)];
    expect(withoutDigest(mine, held)).toEqual(withoutDigest(nobodys, absent));
    expect(mine.status).toBe(403);
  });
});

describe('organizations without an account over one upstream', () => {
  test('cannot displace the proof of one of them with proofs from repositories that it may not pull', async () => {
    const registry = await startRegistry();
    const others = Array.from({ length: 9 }, (_, index) => `other/app${index}`);
    for (const repository of [SECRET, ...others]) registry.content.addBlob(repository, secret);
    const world = await startWorld();
    await world.join({ name: 'first', upstream: registry, allowRepositories: [SECRET] });
    expect(digestOf((await ask(world, 'first', held, SECRET)).body)).toBe(held);
    await world.isHeld('first', SECRET, held);
    for (const repository of others) {
      await world.join({ name: 'evil', upstream: registry, allowRepositories: [repository] });
      const answer = await waitUntil('the pattern', async () => {
        const found = await ask(world, 'evil', held, repository);
        return found.status === 200 && found;
      });
      expect(digestOf(answer.body)).toBe(held);
    }
    registry.takeRequests();
    const { status, headers } = await ask(world, 'first', held, SECRET);
    expect([status, headers['x-layover-cache'], rangesOf(registry)]).toEqual([200, 'HIT', []]);
  });
});
