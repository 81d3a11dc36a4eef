import { digestOf } from '../../../../../common/oci/digest';
import type { Verdict } from '../../../../../data-plane/src/manifests/gate/image-judge';
import { Verdicts } from '../../../../../data-plane/src/manifests/gate/verdicts';
import { TestClock } from '../../../../support/test-clock';

const MINUTE = 60_000;
const IMAGE = digestOf(Buffer.from('image'));
const verdict = (kind: Verdict['kind']): Verdict => ({
  kind,
  reason: kind,
  vulnerabilities: [],
  pending: false,
  goodForMs: MINUTE,
});

let clock: TestClock;
let verdicts: Verdicts;
beforeEach(() => {
  clock = new TestClock();
  verdicts = new Verdicts(clock);
});

test('a verdict is for one organization, because each has its own policy', () => {
  verdicts.put('uid-strict', IMAGE, 1, verdict('refuse'));
  verdicts.put('uid-lax', IMAGE, 1, verdict('serve'));
  expect(verdicts.fresh('uid-strict', IMAGE, 1)?.kind).toBe('refuse');
  expect(verdicts.fresh('uid-lax', IMAGE, 1)?.kind).toBe('serve');
  expect(verdicts.fresh('uid-other', IMAGE, 1)).toBeUndefined();
  expect(verdicts.stale('uid-other', IMAGE, 1)).toBeUndefined();
});

test.each([
  ['serve', 15 * MINUTE],
  ['refuse', 24 * 60 * MINUTE],
  ['unscanned', 0],
] as const)('%s is fresh for its time, and usable for %d ms more', (kind, staleMs) => {
  verdicts.put('uid', IMAGE, 1, verdict(kind));
  clock.advance(MINUTE - 1);
  expect(verdicts.fresh('uid', IMAGE, 1)?.kind).toBe(kind);
  clock.advance(1);
  expect(verdicts.fresh('uid', IMAGE, 1)).toBeUndefined();
  clock.advance(staleMs - 1);
  expect(verdicts.stale('uid', IMAGE, 1)?.kind).toBe(staleMs === 0 ? undefined : kind);
  clock.advance(1);
  expect(verdicts.stale('uid', IMAGE, 1)).toBeUndefined();
});
