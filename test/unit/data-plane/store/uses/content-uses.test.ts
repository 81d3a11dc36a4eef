import { type Digest, digestOf } from '../../../../../common/oci/digest';
import { ContentUses } from '../../../../../data-plane/src/store/uses/content-uses';
import { TestClock } from '../../../../support/test-clock';

const digest = (text: string): Digest => digestOf(Buffer.from(text));
const use = (text: string, repository = 'team/app', organizationUid = 'u1') => ({
  organizationUid,
  repository,
  digest: digest(text),
});

describe('content in use', () => {
  let clock: TestClock;
  let uses: ContentUses;
  beforeEach(() => {
    clock = new TestClock(1000);
    uses = new ContentUses(clock);
  });

  it('is in use from the start of the first use until ten seconds after the end of the last', () => {
    expect(uses.inUse(digest('a'))).toBe(false);
    const [first, second] = [uses.begin(use('a')), uses.begin(use('a', 'other', 'u2'))];
    clock.advance(3_600_000);
    first();
    first();
    clock.advance(3_600_000);
    expect(uses.inUse(digest('a'))).toBe(true);
    second();
    clock.advance(9_999);
    expect(uses.inUse(digest('a'))).toBe(true);
    clock.advance(1);
    expect(uses.inUse(digest('a'))).toBe(false);
    expect(uses.inUse(digest('b'))).toBe(false);
  });

  it('is in use while it is held and for ten more seconds, without being listed', () => {
    const release = uses.hold(digest('a'));
    clock.advance(3_600_000);
    expect(uses.inUse(digest('a'))).toBe(true);
    expect(uses.list(10)).toEqual([]);
    release();
    clock.advance(5_000);
    release();
    clock.advance(5_000);
    expect(uses.inUse(digest('a'))).toBe(false);
  });

  it('is all content while old records wait that the control plane does not know', () => {
    let behind = true;
    const waiting = new ContentUses(clock, () => behind);
    expect(waiting.inUse(digest('a'))).toBe(true);
    expect(waiting.list(10)).toEqual([]);
    behind = false;
    expect(waiting.inUse(digest('a'))).toBe(false);
  });

  it('is in use for ten seconds after each touch', () => {
    uses.touch(digest('a'));
    clock.advance(6_000);
    uses.touch(digest('a'));
    clock.advance(6_000);
    expect(uses.inUse(digest('a'))).toBe(true);
    clock.advance(4_000);
    expect(uses.inUse(digest('a'))).toBe(false);
  });

  it('is listed once per repository, with the start of its oldest running use', () => {
    const first = uses.begin(use('a'));
    clock.advance(10);
    const second = uses.begin(use('a'));
    clock.advance(10);
    uses.begin(use('a', 'team/other'));
    expect(uses.list(10)).toEqual([
      { ...use('a'), startedAt: 1000 },
      { ...use('a', 'team/other'), startedAt: 1020 },
    ]);
    first();
    expect(uses.list(10)).toEqual([
      { ...use('a'), startedAt: 1010 },
      { ...use('a', 'team/other'), startedAt: 1020 },
    ]);
    second();
    second();
    expect(uses.list(10)).toEqual([{ ...use('a', 'team/other'), startedAt: 1020 }]);
  });

  it('is listed oldest first, up to a limit, for all organizations or for one', () => {
    const ends = ['c', 'a', 'b'].map((text, at) => {
      clock.advance(1);
      uses.begin(use(text, 'team/app', 'u2'));
      clock.advance(1);
      return uses.begin(use(text, 'team/app', at === 1 ? 'u3' : 'u1'));
    });
    const names = (limit: number, organization?: string): string[] =>
      uses.list(limit, organization).map((one) => `${one.organizationUid} ${one.startedAt - 1000}`);
    expect(names(100)).toEqual(['u2 1', 'u1 2', 'u2 3', 'u3 4', 'u2 5', 'u1 6']);
    expect(names(3)).toEqual(['u2 1', 'u1 2', 'u2 3']);
    expect(names(100, 'u1')).toEqual(['u1 2', 'u1 6']);
    expect(names(1, 'u1')).toEqual(['u1 2']);
    expect(names(100, 'nobody')).toEqual([]);
    ends.forEach((end) => end());
    expect(names(100, 'u3')).toEqual([]);
    expect(names(100)).toEqual(['u2 1', 'u2 3', 'u2 5']);
  });

  it('can be used again after its end', () => {
    uses.begin(use('a'))();
    clock.advance(60_000);
    const end = uses.begin(use('a'));
    expect(uses.list(10)).toEqual([{ ...use('a'), startedAt: 61_000 }]);
    end();
    expect(uses.list(10)).toEqual([]);
  });

  it('is not remembered much longer than it counts as recent, whatever follows', () => {
    const { recent } = uses as unknown as { readonly recent: ReadonlyMap<Digest, unknown> };
    for (let second = 0; second < 60; second += 1) {
      clock.advance(1000);
      for (let at = 0; at < 100; at += 1) uses.touch(digest(`${second} ${at}`));
      uses.touch(digest('always'));
      // A thousand and one entries of the last ten seconds count.
      expect(recent.size).toBeLessThanOrEqual(2 * 1001 + 2);
    }
    expect(uses.inUse(digest('always'))).toBe(true);
    expect(uses.inUse(digest('51 0'))).toBe(true);
    expect(uses.inUse(digest('49 0'))).toBe(false);
  });
});

describe('holds with a fixed duration', () => {
  it('keep content in use for at least that long, and end by themselves', () => {
    const clock = new TestClock(1000);
    const uses = new ContentUses(clock);
    uses.holdFor(digest('a'), 40_000);
    clock.advance(9_000);
    // Covered by the first hold.
    uses.holdFor(digest('a'), 40_000);
    clock.advance(40_000);
    expect(uses.inUse(digest('a'))).toBe(true);
    clock.advance(1_000);
    clock.advance(10_000);
    expect(uses.inUse(digest('a'))).toBe(false);
  });

  it('are extended by a request for longer than the hold lasts', () => {
    const clock = new TestClock(1000);
    const uses = new ContentUses(clock);
    uses.holdFor(digest('a'), 40_000);
    clock.advance(11_000);
    uses.holdFor(digest('a'), 40_000);
    clock.advance(39_999);
    expect(uses.inUse(digest('a'))).toBe(true);
  });
});
