import { digestOf } from '../../../../../common/oci/digest';
import { referrersKey, Shelf } from '../../../../../data-plane/src/known/index/shelf';

test('the memory of a page of referrers includes its key, which an upstream chooses', () => {
  const shelf = new Shelf();
  const subject = digestOf(Buffer.from('subject'));
  const value = { content: Buffer.from('{}'), filtered: false, checkedAt: 1 };
  for (const page of ['', 'p'.repeat(5000)]) shelf.putReferrers(referrersKey(subject, page), value);
  expect(shelf.cost).toBeGreaterThan(5000);
  shelf.evictHalf();
  shelf.forgetDigest(subject);
  expect([shelf.cost, shelf.empty]).toEqual([0, true]);
});
