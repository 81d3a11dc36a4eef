import { pino } from 'pino';
import { mustDigest } from '../../../../../common/oci/digest';
import { LayoverError } from '../../../../../common/errors/layover-error';
import type { StoredObject } from '../../../../../data-plane/src/store/gcs/bucket';
import { ObjectLinks } from '../../../../../data-plane/src/store/gcs/object-links';
import type { SignedRead } from '../../../../../data-plane/src/store/gcs/sign-url';
import { TestClock } from '../../../../support/test-clock';

const LIFETIME_MS = 600_000;
const digest = mustDigest(`sha256:${'a'.repeat(64)}`);

/** Creates links for a bucket with one object. Tests can change the signer and the lookup. */
function setUp() {
  const clock = new TestClock();
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const signed: SignedRead[] = [];
  const world = {
    object: { name: 'sha256/aa', generation: '7', size: 5_000_000, crc32c: 'x' } as StoredObject | undefined,
    look: async (): Promise<StoredObject | undefined> => world.object,
    sign: async (read: SignedRead): Promise<string> =>
      `https://bucket.example/${read.name}?generation=${read.generation}&X-Goog-Signature=${signed.length}`,
  };
  const links = new ObjectLinks({
    look: () => world.look(),
    sign: (read) => {
      signed.push(read);
      return world.sign(read);
    },
    lifetimeMs: LIFETIME_MS,
    clock,
    logger,
  });
  return { clock, lines, signed, world, links };
}

async function urlOf(links: ObjectLinks): Promise<string | undefined> {
  const link = await links.linkTo(digest);
  return link === 'absent' ? link : link?.url;
}

test('reuses a link for half of its lifetime, and then signs a new one', async () => {
  const { clock, links, signed } = setUp();
  const first = await links.linkTo(digest);
  const firstUrl = await urlOf(links);
  expect(first).toEqual({ url: expect.stringContaining('generation=7'), size: 5_000_000 });
  expect(signed).toEqual([{ name: 'sha256/aa', generation: '7', lifetimeMs: LIFETIME_MS }]);
  clock.advance(LIFETIME_MS / 2);
  expect(await links.linkTo(digest)).toEqual(first);
  clock.advance(1);
  expect([firstUrl, 'absent', undefined]).not.toContain(await urlOf(links));
  expect(signed).toHaveLength(2);
});

test('signs a new link for another generation, and reports a deleted object as absent', async () => {
  const { links, world } = setUp();
  await links.linkTo(digest);
  world.object = { ...world.object!, generation: '8' };
  expect(await urlOf(links)).toContain('generation=8');
  world.object = undefined;
  expect(await links.linkTo(digest)).toBe('absent');
});

test('shares one lookup and one signature between a hundred concurrent requests', async () => {
  const { links, signed, world } = setUp();
  const { look } = world;
  let looks = 0;
  world.look = () => {
    looks += 1;
    return look();
  };
  const all = await Promise.all(Array.from({ length: 100 }, () => urlOf(links)));
  expect(new Set(all).size).toBe(1);
  expect([looks, signed.length]).toEqual([1, 1]);
});

test('pauses a failing signer for half a minute, logs it less and less often, and keeps its request out of the log', async () => {
  const { clock, lines, links, signed, world } = setUp();
  const good = world.sign;
  world.sign = async () => {
    const error = new Error('IAM said no to https://iam.example/?token=secret-1');
    throw Object.assign(error, { config: { headers: { authorization: 'Bearer secret-2' } } });
  };
  for (let tries = 0; tries < 8; tries += 1) {
    expect(await links.linkTo(digest)).toBeUndefined();
    expect(await links.linkTo(digest)).toBeUndefined();
    clock.advance(30_000);
  }
  expect(signed).toHaveLength(8);
  expect(lines).toHaveLength(4);
  expect(lines.join('')).toContain('IAM said no');
  expect(lines.join('')).not.toMatch(/secret|X-Goog/);
  world.sign = good;
  expect(await links.linkTo(digest)).toBeDefined();
});

test.each(['look', 'sign'] as const)('does not wait for a %s that never answers', async (what) => {
  const { clock, links, world } = setUp();
  world[what] = () => new Promise<never>(() => undefined);
  if (what === 'look')
    world.look = () =>
      new Promise((_resolve, reject) => clock.after(3_000, () => reject(new LayoverError('STORE_FAILED'))));
  const link = links.linkTo(digest);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(3_000);
  expect(await link).toBeUndefined();
});

test('limits concurrent signatures; further clients get the bytes, and this does not count as a failure', async () => {
  const { lines, links, world } = setUp();
  let object = 0;
  world.look = async () => ({ name: `sha256/${(object += 1)}`, generation: '1', size: 1, crc32c: 'x' });
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  world.sign = async () => {
    await gate;
    return 'https://bucket.example/signed';
  };
  const all = Array.from({ length: 40 }, (_, at) => links.linkTo(mustDigest(`sha256:${String(at).padStart(64, '0')}`)));
  await new Promise((resolve) => setImmediate(resolve));
  go();
  const given = (await Promise.all(all)).filter((link) => link !== undefined);
  expect(given).toHaveLength(32);
  expect(await links.linkTo(digest)).toBeDefined();
  expect(lines).toEqual([]);
});
