import { mustDigest } from '../../../../common/oci/digest';
import type { RangeRequest } from '../../../../common/oci/byte-range';
import type { ReadableBlob } from '../../../../data-plane/src/blobs/blob-access';
import { BlobRedirects } from '../../../../data-plane/src/blobs/blob-redirects';
import { Absence } from '../../../../data-plane/src/store/guard/absence';
import { ContentUses } from '../../../../data-plane/src/store/uses/content-uses';
import { TestClock } from '../../../support/test-clock';
import { blobAccessOn } from '../../../support/data-plane/fakes/blob-access';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const MIB = 1024 * 1024;
const LIFETIME_MS = 600_000;
const digest = mustDigest(`sha256:${'b'.repeat(64)}`);
const url = 'https://bucket.example/b?X-Goog-Signature=1';

function setUp(stored: number | 'absent' | undefined, active = false) {
  const clock = new TestClock();
  const uses = new ContentUses(clock);
  let lookups = 0;
  const redirects = new BlobRedirects({
    stored: {
      hold: async (held) => uses.hold(held),
      linkTo: async () => {
        lookups += 1;
        expect(uses.inUse(digest)).toBe(true);
        if (stored === undefined) return undefined;
        return stored === 'absent' ? new Absence(digest, () => true) : { url, size: stored };
      },
    },
    uses,
    fills: { isActive: () => active },
    lifetimeMs: LIFETIME_MS,
  });
  return { clock, uses, redirects, lookups: () => lookups };
}

/**
 * Returns a blob that the client may read. A manifest gives its size, or without one the upstream
 * confirms the blob.
 */
async function readable(size: number | undefined): Promise<ReadableBlob> {
  const rig = pullRig();
  const { access, knowledge, store, stored, upstream } = rig;
  const located = access.locate({ kind: 'organization', name: 'acme' }, 'team/app');
  const target = await access.authorize(located, CONTEXT.authorization);
  if (size === undefined) {
    upstream.behaviour.blobHeadWithoutSize = true;
    upstream.putBlob(target.upstream.name, digest, 1);
    store.content.set(digest, Buffer.alloc(1));
  } else {
    knowledge.putBlob(target.key, { digest, size, mediaType: 'application/octet-stream' });
  }
  knowledge.putProof(target.holder.identities, digest, target.upstream.name);
  const blob = await blobAccessOn(rig, stored).blobAccess.toRead(target, digest, undefined);
  if (blob.kind !== 'readable') throw new Error('the proof is missing');
  return blob;
}

test.each<[string, number | undefined, RangeRequest | undefined, { offset: number; length: number }]>([
  ['a whole blob', 4 * MIB, undefined, { offset: 0, length: 4 * MIB }],
  ['a blob of unknown size', undefined, undefined, { offset: 0, length: 4 * MIB }],
  ['a large range', 4 * MIB, { kind: 'bytes', first: MIB }, { offset: MIB, length: 3 * MIB }],
])('redirects the client to the store for %s', async (_what, size, range, resolved) => {
  const { redirects } = setUp(4 * MIB);
  expect(await redirects.redirect(await readable(size), range)).toEqual({ url, size: 4 * MIB, range: resolved });
});

test.each<[string, number | undefined, RangeRequest | undefined, number | undefined]>([
  ['a small blob', MIB - 1, undefined, MIB - 1],
  ['a small blob of unknown size', undefined, undefined, MIB - 1],
  ['a small part of a large blob', 4 * MIB, { kind: 'bytes', first: 0, last: 99 }, 4 * MIB],
  ['the last bytes of a large blob', 4 * MIB, { kind: 'suffix', length: 100 }, 4 * MIB],
  ['a range outside of the blob', undefined, { kind: 'bytes', first: 8 * MIB }, 4 * MIB],
  ['a blob without a link', 4 * MIB, undefined, undefined],
  ['a blob with another size than in its manifest', 5 * MIB, undefined, 4 * MIB],
])('sends %s itself', async (_what, size, range, stored) => {
  const { redirects, clock, uses } = setUp(stored);
  expect(await redirects.redirect(await readable(size), range)).toBeUndefined();
  clock.advance(10_000);
  expect(uses.inUse(digest)).toBe(false);
});

test('returns an absence if the store does not hold the blob', async () => {
  const { redirects } = setUp('absent');
  expect(await redirects.redirect(await readable(4 * MIB), undefined)).toBeInstanceOf(Absence);
});

test('follows a running fill without asking the store', async () => {
  const { redirects, lookups } = setUp(4 * MIB, true);
  expect(await redirects.redirect(await readable(4 * MIB), undefined)).toBeUndefined();
  expect(lookups()).toBe(0);
});

test('keeps a linked blob in use until the link expires, for any number of redirects', async () => {
  const { clock, uses, redirects } = setUp(4 * MIB);
  const blob = await readable(4 * MIB);
  for (let client = 0; client < 100; client += 1) {
    await redirects.redirect(blob, undefined);
    clock.advance(LIFETIME_MS / 100);
  }
  clock.advance(LIFETIME_MS - LIFETIME_MS / 100);
  expect(uses.inUse(digest)).toBe(true);
  // At most a quarter of the lifetime later, plus the ten seconds of recent use.
  clock.advance(LIFETIME_MS / 4);
  clock.advance(10_000);
  expect(uses.inUse(digest)).toBe(false);
});
