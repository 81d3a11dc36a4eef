import fc from 'fast-check';
import { digestOf } from '../../../../common/oci/digest';
import { firstFor, rendezvousSeed, type WeighedNode } from '../../../../common/nodes/rendezvous';

const node = (name: string): WeighedNode => ({ name, seed: rendezvousSeed(name) });
const nodes = fc
  .uniqueArray(fc.oneof(fc.uuid(), fc.string({ minLength: 1, maxLength: 12 })), { minLength: 1, maxLength: 12 })
  .map((names) => names.map(node));
const key = fc.oneof(
  fc.string(),
  fc.string().map((text) => digestOf(Buffer.from(text))),
);

/** Returns the order of all nodes for a key. */
function order(of: string, all: readonly WeighedNode[]): string[] {
  const names: string[] = [];
  for (let next = firstFor(of, all, names); next !== undefined; next = firstFor(of, all, names)) names.push(next.name);
  return names;
}

test('the order of a key contains every node once, regardless of the order of the list', () => {
  fc.assert(
    fc.property(key, nodes, fc.gen(), (of, all, gen) => {
      const first = order(of, all);
      expect([...first].sort()).toEqual(all.map(({ name }) => name).sort());
      const shuffled = gen(() => fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length }));
      expect(order(of, shuffled)).toEqual(first);
    }),
  );
});

test('a node that leaves only moves its own keys, each to the next node in its order', () => {
  fc.assert(
    fc.property(key, nodes, fc.nat(), (of, all, which) => {
      const gone = all[which % all.length]!;
      const left = all.filter((one) => one !== gone);
      expect(order(of, left)).toEqual(order(of, all).filter((name) => name !== gone.name));
    }),
  );
});

test('a node that joins takes keys from the others and moves none between them', () => {
  fc.assert(
    fc.property(key, nodes, fc.uuid(), (of, all, name) => {
      fc.pre(all.every((one) => one.name !== name));
      const before = firstFor(of, all, [])!.name;
      const after = firstFor(of, [...all, node(name)], [])!.name;
      expect([before, name]).toContain(after);
    }),
  );
});

test.each([
  [
    'digests over three nodes with names alike',
    ['data-0', 'data-1', 'data-2'],
    (i: number) => digestOf(Buffer.from(`${i}`)),
  ],
  ['tags that differ in one character', ['data-0', 'data-1', 'data-2'], (i: number) => `docker/library/app:v1.${i}`],
  [
    'digests over seven addresses',
    [1, 2, 3, 4, 5, 6, 7].map((i) => `10.0.0.${i}:9000`),
    (i: number) => digestOf(Buffer.from(`x${i}`)),
  ],
])('%s are distributed evenly, both first and second choices', (_name, names, make) => {
  const all = names.map(node);
  const keys = 20_000;
  const firsts = new Map<string, number>();
  const seconds = new Map<string, number>();
  for (let i = 0; i < keys; i += 1) {
    const first = firstFor(make(i), all, [])!.name;
    const second = firstFor(make(i), all, [first])!.name;
    firsts.set(first, (firsts.get(first) ?? 0) + 1);
    seconds.set(`${first} ${second}`, (seconds.get(`${first} ${second}`) ?? 0) + 1);
  }
  // Five standard deviations of a fair share.
  const fair = (count: number, share: number): boolean =>
    Math.abs(count - keys * share) < 5 * Math.sqrt(keys * share * (1 - share));
  expect(firsts.size).toBe(names.length);
  for (const count of firsts.values()) expect(fair(count, 1 / names.length)).toBe(true);
  const pairs = names.length * (names.length - 1);
  expect(seconds.size).toBe(pairs);
  for (const count of seconds.values()) expect(fair(count, 1 / pairs)).toBe(true);
});

test('the order is the same on every machine and in every version', () => {
  const all = ['data-0', 'data-1', 'data-2'].map(node);
  expect(['sha256:abc', 'docker/library/alpine:3.20', ''].map((of) => order(of, all).join(' '))).toMatchInlineSnapshot(`
   [
     "data-2 data-0 data-1",
     "data-1 data-2 data-0",
     "data-0 data-2 data-1",
   ]
  `);
});

test('firstFor returns undefined if no node is left', () => {
  expect(firstFor('key', [], [])).toBeUndefined();
  expect(firstFor('key', [node('a')], ['a'])).toBeUndefined();
});
