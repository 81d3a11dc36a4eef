import { TestClock } from '../../support/test-clock';

/** A clock, and a function that sets a timer which notes its name and the time at which it runs. */
function setUp(clock: TestClock): { readonly ran: string[]; set(name: string, delayMs: number): () => void } {
  const ran: string[] = [];
  const start = clock.now();
  return { ran, set: (name, delayMs) => clock.after(delayMs, () => ran.push(`${name}@${clock.now() - start}`)) };
}

test('runs due timers in order, each at its own time', () => {
  const clock = new TestClock();
  const { ran, set } = setUp(clock);
  set('late', 30);
  set('early', 10);
  set('early too', 10);
  set('cancelled', 20)();
  clock.advance(29);
  expect([...ran, clock.pending]).toEqual(['early@10', 'early too@10', 1]);
  clock.advance(1);
  expect(ran).toContain('late@30');
  expect([clock.now(), clock.pending]).toEqual([Date.UTC(2026, 0, 1) + 30, 0]);
});

test('runs timers that a timer adds, if they are due as well', () => {
  const clock = new TestClock();
  const { ran, set } = setUp(clock);
  clock.after(10, () => set('second', 10));
  clock.advance(20);
  expect(ran).toEqual(['second@20']);
});

test('a running clock jumps: timers that a timer adds begin at the new time', () => {
  const clock = new TestClock(0, { running: true });
  let ran = 0;
  clock.after(10, () => clock.after(10, () => (ran += 1)));
  clock.advance(1000);
  expect([ran, clock.pending]).toEqual([0, 1]);
  expect(clock.now()).toBeGreaterThanOrEqual(1000);
});

test('can be set back', () => {
  const clock = new TestClock(1000);
  clock.advance(-100);
  expect(clock.now()).toBe(900);
});

test('without timers, nothing runs', () => {
  const clock = TestClock.withoutTimers();
  const { ran, set } = setUp(clock);
  set('never', 1);
  clock.advance(1000);
  expect([...ran, clock.pending]).toEqual([0]);
});

test('a stepping clock runs short delays in real time, and long ones when it is advanced', async () => {
  const clock = TestClock.stepping(0);
  const { ran, set } = setUp(clock);
  set('long', 60_001);
  await new Promise<void>((resolve) => clock.after(50, resolve));
  expect([...ran, clock.now(), clock.pending]).toEqual([0, 1]);
  clock.advance(60_001);
  expect(ran).toEqual(['long@60001']);
});

test('tells which delays are asked for', () => {
  const delays: number[] = [];
  const clock = new TestClock(0, { onTimer: (delayMs) => delays.push(delayMs) });
  clock.after(5, () => undefined);
  expect(delays).toEqual([5]);
});
