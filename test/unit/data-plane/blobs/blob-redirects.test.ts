import { mustDigest } from '../../../../common/oci/digest';
import type { RangeRequest } from '../../../../common/oci/byte-range';
import { BlobRedirects } from '../../../../data-plane/src/blobs/blob-redirects';
import { ContentUses } from '../../../../data-plane/src/store/uses/content-uses';
import { TestClock } from '../../../support/test-clock';

const MIB = 1024 * 1024;
const LIFETIME_MS = 600_000;
const digest = mustDigest(`sha256:${'b'.repeat(64)}`);
const url = 'https://bucket.example/b?X-Goog-Signature=1';

function setUp(stored: number | undefined = 4 * MIB, active = false) {
  const clock = new TestClock();
  const uses = new ContentUses(clock);
  let looks = 0;
  const redirects = new BlobRedirects({
    links: {
      lifetimeMs: LIFETIME_MS,
      linkTo: async () => {
        looks += 1;
        expect(uses.inUse(digest)).toBe(true);
        return stored === undefined ? undefined : { url, size: stored };
      },
    },
    store: { hold: async (held) => uses.hold(held) },
    fills: { isActive: () => active },
    clock,
  });
  return { clock, uses, redirects, looks: () => looks };
}

test.each<[string, number | undefined, RangeRequest | undefined, { offset: number; length: number }]>([
  ['whole', 4 * MIB, undefined, { offset: 0, length: 4 * MIB }],
  ['of a size that nobody has said', undefined, undefined, { offset: 0, length: 4 * MIB }],
  ['a large part', 4 * MIB, { kind: 'bytes', first: MIB }, { offset: MIB, length: 3 * MIB }],
])('a blob, %s: the client is sent to the store', async (_what, size, range, resolved) => {
  const { redirects } = setUp();
  expect(await redirects.redirect({ digest, size }, range)).toEqual({ url, size: 4 * MIB, range: resolved });
});

test.each<[string, number | undefined, RangeRequest | undefined, number | undefined]>([
  ['a small blob', MIB - 1, undefined, MIB - 1],
  ['a small blob of a size that nobody has said', undefined, undefined, MIB - 1],
  ['a small part of a large one', 4 * MIB, { kind: 'bytes', first: 0, last: 99 }, 4 * MIB],
  ['the last bytes of a large one', 4 * MIB, { kind: 'suffix', length: 100 }, 4 * MIB],
  ['a range outside of it', undefined, { kind: 'bytes', first: 8 * MIB }, 4 * MIB],
  ['what is not in the store', 4 * MIB, undefined, undefined],
  ['what has another size than its manifest says', 5 * MIB, undefined, 4 * MIB],
])('%s is sent by us', async (_what, size, range, stored) => {
  const { redirects } = setUp(stored);
  // `undefined` would be the default of the parameter.
  const used = stored === undefined ? setUpAbsent() : redirects;
  expect(await used.redirect({ digest, size }, range)).toBeUndefined();
});

function setUpAbsent(): BlobRedirects {
  return new BlobRedirects({
    links: { lifetimeMs: LIFETIME_MS, linkTo: async () => undefined },
    store: { hold: async () => () => undefined },
    fills: { isActive: () => false },
    clock: new TestClock(),
  });
}

test('a fill that is running is followed, and the store not even asked', async () => {
  const { redirects, looks } = setUp(4 * MIB, true);
  expect(await redirects.redirect({ digest, size: 4 * MIB }, undefined)).toBeUndefined();
  expect(looks()).toBe(0);
});

test('what is linked to is not deleted before the link has ended, however many follow it', async () => {
  const { clock, uses, redirects } = setUp();
  for (let client = 0; client < 100; client += 1) {
    await redirects.redirect({ digest, size: 4 * MIB }, undefined);
    clock.advance(LIFETIME_MS / 100);
  }
  clock.advance(LIFETIME_MS - LIFETIME_MS / 100);
  expect(uses.inUse(digest)).toBe(true);
  // A quarter of a life later at the latest, and the ten seconds for which anything counts as just used.
  clock.advance(LIFETIME_MS / 4);
  clock.advance(10_000);
  expect(uses.inUse(digest)).toBe(false);
});
