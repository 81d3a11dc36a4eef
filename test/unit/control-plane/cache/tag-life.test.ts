import * as fc from 'fast-check';
import {
  isActive,
  leftServiceAt,
  nextTag,
  startTag,
  TagChange,
  type TagEvent,
} from '../../../../control-plane/src/cache/content/tag-life';
import type { TagRow } from '../../../../schema/tables';

/** Times are milliseconds. Every version begins at 10,000, and events happen at 15,000. */
const NOW = 15_000;
const EXPIRATION_SECONDS = 10;

const ACTIVE: TagRow = {
  id: 1,
  ...startTag({
    repositoryId: 2,
    originVersion: 'origin',
    name: 'latest',
    manifestId: 3,
    digest: 'sha256:one',
    checkedAt: 10_000,
    expirationSeconds: EXPIRATION_SECONDS,
  }),
};
const ENDED = { ...ACTIVE, live: null, ended_at: 12_000 };
const STATES = {
  active: ACTIVE,
  'set by hand': { ...ACTIVE, expires_at: 30_000, expiration_set_at: 11_000 },
  'set to never expire': { ...ACTIVE, expires_at: null, expiration_set_at: 11_000 },
  'expired, not yet collected': { ...ACTIVE, expires_at: 12_000 },
  expired: { ...ENDED, expires_at: 12_000, end_reason: 'EXPIRED' },
  replaced: { ...ENDED, end_reason: 'MOVED' },
  deleted: { ...ENDED, end_reason: 'DELETED' },
} satisfies Record<string, TagRow>;
type State = keyof typeof STATES;

/** The columns that change. `same`: none changes. `gone`: the version is deleted. */
type Expected = Partial<TagRow> | 'same' | 'gone';

const EVENTS = {
  CONFIRMED: { kind: 'CONFIRMED', at: NOW, expirationSeconds: EXPIRATION_SECONDS },
  REPLACED: { kind: 'REPLACED', at: NOW },
  DELETED_UPSTREAM: { kind: 'DELETED_UPSTREAM', at: NOW },
  DELETED: { kind: 'DELETED', at: NOW },
  PULLED: {
    kind: 'PULLED',
    hasLive: false,
    count: 2,
    lastPulledAt: NOW,
    refreshedAt: NOW,
    checkedAt: NOW,
    expirationSeconds: EXPIRATION_SECONDS,
  },
  EXPIRED: { kind: 'EXPIRED', at: NOW },
  EXPIRATION_SET: { kind: 'EXPIRATION_SET', at: NOW, expiresAt: 40_000 },
  RESTORED: { kind: 'RESTORED', at: NOW, windowSeconds: 5, expirationSeconds: EXPIRATION_SECONDS },
  DISPLACED: { kind: 'DISPLACED', at: NOW },
  COLLECTED: { kind: 'COLLECTED', endedBefore: 12_000 },
  RELINKED: { kind: 'RELINKED', digest: 'sha256:two', originVersion: 'other' },
} satisfies { [Kind in TagEvent['kind']]: Extract<TagEvent, { kind: Kind }> };

const refreshed = { checked_at: NOW, refreshed_at: NOW, expires_at: 25_000 };
const reset = { ...refreshed, expiration_set_at: null };
const revived = { ...refreshed, live: 1, ended_at: null, end_reason: null } as const;
const counted = { pull_count: 2, last_pulled_at: NOW };
const moved = { live: null, ended_at: NOW, end_reason: 'MOVED' };
const deleted = { live: null, ended_at: NOW, end_reason: 'DELETED' };
const lapsed = { live: null, ended_at: 12_000, end_reason: 'EXPIRED' };
const set = { expires_at: 40_000, expiration_set_at: NOW };
const relinked = { digest: 'sha256:two', origin_version: 'other' };

/** The result of each event for each state, in the order of {@link STATES}. */
const TABLE: Record<TagEvent['kind'], Record<State, Expected>> = {
  CONFIRMED: row(refreshed, reset, reset, refreshed, revived, 'same', 'same'),
  REPLACED: row(moved, moved, moved, moved, 'same', 'same', 'same'),
  DELETED_UPSTREAM: row(deleted, deleted, deleted, deleted, 'same', 'same', 'same'),
  DELETED: row(deleted, deleted, deleted, 'same', 'same', 'same', 'same'),
  PULLED: row(
    { ...counted, ...refreshed },
    { ...counted, ...reset },
    { ...counted, ...reset },
    { ...counted, ...refreshed },
    { ...counted, ...revived },
    counted,
    counted,
  ),
  EXPIRED: row('same', 'same', 'same', lapsed, 'same', 'same', 'same'),
  EXPIRATION_SET: row(set, set, set, 'same', 'same', 'same', 'same'),
  RESTORED: row('same', 'same', 'same', refreshed, revived, revived, revived),
  DISPLACED: row(moved, moved, moved, lapsed, 'same', 'same', 'same'),
  COLLECTED: row('same', 'same', 'same', 'same', 'gone', 'gone', 'gone'),
  RELINKED: row(relinked, relinked, relinked, relinked, relinked, relinked, relinked),
};

function row(...expected: readonly Expected[]): Record<State, Expected> {
  const states = Object.keys(STATES) as State[];
  return Object.fromEntries(states.map((state, index) => [state, expected[index]!])) as Record<State, Expected>;
}

const cells = (Object.keys(EVENTS) as TagEvent['kind'][]).flatMap((kind) =>
  (Object.keys(STATES) as State[]).map((state) => [kind, state] as const),
);

test.each(cells)('nextTag: %s for a version that is %s', (kind, state) => {
  const before: TagRow = STATES[state];
  const expected = TABLE[kind][state];
  const after = nextTag(before, EVENTS[kind]);
  if (expected === 'gone') expect(after).toBeUndefined();
  else expect(after).toEqual(expected === 'same' ? before : { ...before, ...expected });
});

test('startTag makes a live version that expires after the expiration of the organization', () => {
  expect(ACTIVE).toEqual({
    id: 1,
    repository_id: 2,
    origin_version: 'origin',
    name: 'latest',
    manifest_id: 3,
    digest: 'sha256:one',
    live: 1,
    started_at: 10_000,
    ended_at: null,
    end_reason: null,
    checked_at: 10_000,
    expires_at: 20_000,
    refreshed_at: 10_000,
    expiration_set_at: null,
    last_pulled_at: null,
    pull_count: 0,
  });
});

describe('an upstream answer older than the last check', () => {
  test.each<TagEvent>([
    { ...EVENTS.CONFIRMED, at: 9_999 },
    { ...EVENTS.REPLACED, at: 9_999 },
    { ...EVENTS.DELETED_UPSTREAM, at: 9_999 },
  ])('changes nothing: $kind', (event) => {
    for (const tag of Object.values(STATES)) expect(nextTag(tag, event)).toEqual(tag);
  });

  test.each<TagEvent>([
    { ...EVENTS.REPLACED, at: 10_000 },
    { ...EVENTS.DELETED_UPSTREAM, at: 10_000 },
  ])('counts if it has the same time: $kind', (event) => {
    expect(nextTag(ACTIVE, event)).toMatchObject({ live: null, ended_at: 10_000 });
  });
});

test('a confirmation older than the last pull or than a manual expiration only counts as a check', () => {
  const pulledLater = { ...ACTIVE, refreshed_at: 16_000, expires_at: 26_000 };
  expect(nextTag(pulledLater, EVENTS.CONFIRMED)).toEqual({ ...pulledLater, checked_at: NOW });
  const setLater = { ...ACTIVE, expires_at: null, expiration_set_at: 16_000 };
  expect(nextTag(setLater, EVENTS.CONFIRMED)).toEqual({ ...setLater, checked_at: NOW });
});

test('a revived version keeps the time of a pull after its confirmation', () => {
  const tag = { ...STATES.expired, refreshed_at: 16_000 };
  expect(nextTag(tag, EVENTS.CONFIRMED)).toEqual({ ...tag, ...revived, refreshed_at: 16_000 });
});

describe('a pull', () => {
  const pulled = (tag: TagRow, change: Partial<typeof EVENTS.PULLED> | { hasLive: boolean }): TagRow =>
    nextTag(tag, { ...EVENTS.PULLED, ...change })!;

  test('does not extend the expiration if it was served stale', () => {
    expect(pulled(ACTIVE, { refreshedAt: 0, checkedAt: 0 })).toEqual({ ...ACTIVE, ...counted });
    expect(pulled(STATES.expired, { refreshedAt: 0, checkedAt: 0 })).toEqual({ ...STATES.expired, ...counted });
  });

  test('does not move times back if it was reported late', () => {
    const tag = { ...ACTIVE, checked_at: 17_000, refreshed_at: 17_000, expires_at: 27_000, last_pulled_at: 17_000 };
    expect(pulled(tag, {})).toEqual({ ...tag, pull_count: 2 });
  });

  test('resets a manual expiration that was set before it, but not one that was set after it', () => {
    expect(pulled({ ...STATES['set by hand'], expiration_set_at: NOW }, {})).toMatchObject(reset);
    const setLater = { ...STATES['set by hand'], expiration_set_at: NOW + 1 };
    expect(pulled(setLater, {})).toEqual({ ...setLater, ...counted, checked_at: NOW });
  });

  test('does not revive an expired version if the tag has a live one or the upstream did not confirm it', () => {
    expect(pulled(STATES.expired, { hasLive: true })).toEqual({ ...STATES.expired, ...counted });
    expect(pulled(STATES.expired, { checkedAt: 9_999 })).toEqual({ ...STATES.expired, ...counted });
    expect(pulled(STATES.expired, { refreshedAt: 9_999 })).toEqual({ ...STATES.expired, ...counted });
  });
});

describe('an expiration', () => {
  test('cannot be set to a time in the past', () => {
    for (const expiresAt of [NOW - 1, NOW])
      expect(nextTag(ACTIVE, { ...EVENTS.EXPIRATION_SET, expiresAt })).toEqual(ACTIVE);
  });

  test('can be set to never', () => {
    const never = nextTag(ACTIVE, { ...EVENTS.EXPIRATION_SET, expiresAt: null })!;
    expect(never).toEqual({ ...ACTIVE, expires_at: null, expiration_set_at: NOW });
    expect(nextTag(never, { kind: 'EXPIRED', at: Number.MAX_SAFE_INTEGER })).toEqual(never);
  });

  test('takes effect at its time', () => {
    expect(isActive(ACTIVE, 19_999)).toBe(true);
    expect(isActive(ACTIVE, 20_000)).toBe(false);
    expect(nextTag(ACTIVE, { kind: 'EXPIRED', at: 19_999 })).toEqual(ACTIVE);
    expect(nextTag(ACTIVE, { kind: 'EXPIRED', at: 20_000 })).toMatchObject({ live: null, ended_at: 20_000 });
  });
});

describe('a version in the time machine', () => {
  const restored = (tag: TagRow, at: number): TagRow => nextTag(tag, { ...EVENTS.RESTORED, at })!;

  test('can be restored until its retention is over', () => {
    for (const tag of [STATES.expired, STATES.replaced, STATES.deleted, STATES['expired, not yet collected']]) {
      expect(isActive(restored(tag, 16_999), 16_999)).toBe(true);
      expect(restored(tag, 17_000)).toEqual(tag);
    }
  });

  test('is collected when its retention is over', () => {
    expect(nextTag(STATES.replaced, { kind: 'COLLECTED', endedBefore: 11_999 })).toEqual(STATES.replaced);
    expect(nextTag(STATES.replaced, { kind: 'COLLECTED', endedBefore: 12_000 })).toBeUndefined();
  });

  test('left service when it ended or expired', () => {
    const left = Object.values(STATES).map((tag) => leftServiceAt(tag, NOW));
    expect(left).toEqual([undefined, undefined, undefined, 12_000, 12_000, 12_000, 12_000]);
  });
});

test('a version never ends before it began', () => {
  const future = { ...ACTIVE, started_at: 16_000 };
  for (const kind of ['REPLACED', 'DELETED_UPSTREAM', 'DELETED', 'DISPLACED'] as const)
    expect(nextTag(future, EVENTS[kind])).toMatchObject({ live: null, ended_at: 16_000 });
});

describe('TagChange', () => {
  test('contains the changed columns and whether the version began or ended', () => {
    expect(TagChange.of(ACTIVE, EVENTS.DELETED)).toMatchObject({
      before: ACTIVE,
      columns: deleted,
      beginsOrEnds: true,
    });
    expect(TagChange.of(ACTIVE, EVENTS.CONFIRMED)).toMatchObject({ columns: refreshed, beginsOrEnds: false });
    expect(TagChange.of(STATES.expired, EVENTS.CONFIRMED)?.beginsOrEnds).toBe(true);
  });

  test('is undefined if nothing differs or the version is deleted', () => {
    expect(TagChange.of(ACTIVE, EVENTS.EXPIRED)).toBeUndefined();
    expect(TagChange.of(ACTIVE, { ...EVENTS.CONFIRMED, at: 10_000 })).toBeUndefined();
    expect(TagChange.of(ENDED, EVENTS.COLLECTED)).toBeUndefined();
  });
});

test('a version is either live or has an end with a reason, after any sequence of events', () => {
  const at = fc.integer({ min: 5_000, max: 30_000 });
  const seconds = fc.integer({ min: 0, max: 20 });
  const event: fc.Arbitrary<TagEvent> = fc.oneof(
    fc.record({ kind: fc.constant('CONFIRMED' as const), at, expirationSeconds: seconds }),
    fc.record({
      kind: fc.constantFrom('REPLACED' as const, 'DELETED_UPSTREAM', 'DELETED', 'EXPIRED', 'DISPLACED'),
      at,
    }),
    fc.record({ kind: fc.constant('EXPIRATION_SET' as const), at, expiresAt: fc.option(at) }),
    fc.record({ kind: fc.constant('RESTORED' as const), at, windowSeconds: seconds, expirationSeconds: seconds }),
    fc.record({
      kind: fc.constant('PULLED' as const),
      hasLive: fc.boolean(),
      count: fc.integer({ min: 1, max: 3 }),
      lastPulledAt: at,
      refreshedAt: fc.oneof(fc.constant(0), at),
      checkedAt: fc.oneof(fc.constant(0), at),
      expirationSeconds: seconds,
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const tag = events.reduce((version, next) => nextTag(version, next)!, ACTIVE);
      expect(tag.ended_at === null).toBe(tag.live === 1);
      expect(tag.end_reason === null).toBe(tag.live === 1);
      expect({ ...tag, id: 1, name: 'latest', manifest_id: 3, started_at: 10_000 }).toEqual(tag);
    }),
  );
});
