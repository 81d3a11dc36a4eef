import { createLogger } from '../../../../common/runtime/logger';
import { ClockWatch } from '../../../../common/runtime/clock-watch';
import { TestClock } from '../../../support/test-clock';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let clock: TestClock;
let log: string[];
let watch: ClockWatch;

beforeEach(() => {
  clock = new TestClock();
  log = [];
  watch = new ClockWatch(clock, createLogger('test', 'info', { write: (line) => void log.push(line) }));
});

test('a clock that only runs is trusted, also after a long time, and small corrections are normal', () => {
  clock.advance(400 * DAY);
  clock.jump(9 * MINUTE);
  expect(watch.isTrusted()).toBe(true);
  clock.jump(-9 * MINUTE);
  expect(watch.isTrusted()).toBe(true);
  expect(watch.takeSetBack()).toBe(false);
  expect(log).toEqual([]);
});

test('a clock that was set forward is trusted an hour later', () => {
  clock.jump(400 * DAY);
  expect(watch.isTrusted()).toBe(false);
  clock.advance(HOUR - 1);
  expect(watch.isTrusted()).toBe(false);
  clock.advance(1);
  expect(watch.isTrusted()).toBe(true);
  expect(watch.takeSetBack()).toBe(false);
  expect(log).toHaveLength(1);
  expect(log[0]).toContain('set forward');
});

test('a clock that was set back is reported once', () => {
  clock.jump(-400 * DAY);
  expect(watch.takeSetBack()).toBe(true);
  expect(watch.takeSetBack()).toBe(false);
  expect(watch.isTrusted()).toBe(true);
});

test.each([
  ['recently', -HOUR, false, true, false],
  ['more than a day ago', -2 * DAY, false, false, false],
  ['in the future', -HOUR, true, true, true],
])('what was last recorded %s before a start decides', (_when, ago, hasLater, isTrusted, isSetBack) => {
  watch.begin({ at: clock.now() + ago, hasLater });
  expect(watch.isTrusted()).toBe(isTrusted);
  expect(watch.takeSetBack()).toBe(isSetBack);
});

test('a start without any event is trusted', () => {
  watch.begin({ at: undefined, hasLater: false });
  expect(watch.isTrusted()).toBe(true);
});
