import { TtlCache } from '../../../../common/runtime/ttl-cache';
import { TestClock } from '../../../support/test-clock';

test('an entry ends when its time has passed, not before', () => {
  const clock = new TestClock();
  const cache = new TtlCache<string>(clock, 10);
  cache.set('short', 'a', 1000);
  cache.set('for ever', 'b', Infinity);
  clock.advance(999);
  expect([cache.get('short'), cache.get('for ever')]).toEqual(['a', 'b']);
  clock.advance(1);
  expect([cache.get('short'), cache.get('for ever')]).toEqual([undefined, 'b']);
});

test('a new value has its own time', () => {
  const clock = new TestClock();
  const cache = new TtlCache<string>(clock, 10);
  cache.set('key', 'old', 1000);
  clock.advance(900);
  cache.set('key', 'new', 1000);
  clock.advance(900);
  expect(cache.get('key')).toBe('new');
});

test('a deleted entry is gone', () => {
  const cache = new TtlCache<string>(new TestClock(), 10);
  cache.set('key', 'value', 1000);
  cache.delete('key');
  expect(cache.get('key')).toBeUndefined();
});

test('the entry that was not used for the longest time makes room for a new one', () => {
  const cache = new TtlCache<number>(new TestClock(), 2);
  cache.set('first', 1, 1000);
  cache.set('second', 2, 1000);
  cache.get('first');
  cache.set('third', 3, 1000);
  expect(['first', 'second', 'third'].map((key) => cache.get(key))).toEqual([1, undefined, 3]);
});
