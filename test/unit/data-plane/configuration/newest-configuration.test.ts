import type { ConfigurationSnapshot } from '../../../../data-plane/src/configuration/configuration';
import { NewestConfiguration } from '../../../../data-plane/src/configuration/newest-configuration';
import type { ConfigurationListener } from '../../../../data-plane/src/configuration/watched-configuration';
import { TestClock } from '../../../support/test-clock';

const snapshot = (revision: number): ConfigurationSnapshot => ({ revision }) as ConfigurationSnapshot;

/** `settle` answers the questions that were asked so far, with a revision or a failure. */
function world() {
  const clock = new TestClock();
  const listeners = new Set<ConfigurationListener>();
  const configuration = {
    connected: true,
    now: snapshot(1),
    current: () => configuration.now,
    onChange: (listener: ConfigurationListener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const asked: ((revision: number | Error) => void)[] = [];
  const head = {
    read: () =>
      new Promise<number>((resolve, reject) =>
        asked.push((revision) => (typeof revision === 'number' ? resolve(revision) : reject(revision))),
      ),
  };
  const newest = new NewestConfiguration({ configuration, head, clock });
  return {
    clock,
    configuration,
    asked,
    listeners,
    read: async () => (await newest.read()).revision,
    apply(revision: number): void {
      configuration.now = snapshot(revision);
      for (const listener of [...listeners]) listener(configuration.now, { changed: [], removed: [] });
    },
  };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};

test('waits until the stream has brought the revision that the control plane names', async () => {
  const { read, asked, apply, listeners } = world();
  let found: number | undefined;
  void read().then((revision) => (found = revision));
  await turns();
  asked[0]!(3);
  apply(2);
  await turns();
  expect(found).toBeUndefined();
  apply(3);
  await turns();
  expect([found, listeners.size]).toEqual([3, 0]);
});

test('does not wait for a revision that is here already', async () => {
  const { read, asked } = world();
  const found = read();
  await turns();
  asked[0]!(1);
  expect(await found).toBe(1);
});

test('asks nobody while no control plane is connected', async () => {
  const { read, asked, configuration } = world();
  configuration.connected = false;
  expect(await read()).toBe(1);
  expect(asked).toEqual([]);
});

test.each([
  ['the control plane does not answer', undefined],
  ['the stream does not bring the revision', 2],
])('gives up after two seconds if %s', async (_, revision) => {
  const { read, asked, clock, listeners } = world();
  const found = read();
  await turns();
  if (revision !== undefined) asked[0]!(revision);
  await turns();
  clock.advance(2000);
  expect(await found).toBe(1);
  expect(listeners.size).toBe(0);
});

test('gives up at once if the control plane refuses the question', async () => {
  const { read, asked } = world();
  const found = read();
  await turns();
  asked[0]!(new Error('UNIMPLEMENTED'));
  expect(await found).toBe(1);
});

test('shares a question between callers, and asks again for those that came after it was asked', async () => {
  const { read, asked } = world();
  const early = [read(), read(), read()];
  await turns();
  const late = [read(), read()];
  await turns();
  expect(asked).toHaveLength(1);
  asked[0]!(1);
  await Promise.all(early);
  await turns();
  expect(asked).toHaveLength(2);
  asked[1]!(1);
  await Promise.all(late);
});

test('asks at most ten times at once, and ten times in a second afterwards', async () => {
  const { read, asked, clock } = world();
  const answerAll = async (calls: number): Promise<void> => {
    for (let call = 0; call < calls; call += 1) {
      void read();
      await turns();
      asked.at(-1)!(1);
      await turns();
    }
  };
  await answerAll(30);
  expect(asked).toHaveLength(10);
  for (let tenth = 0; tenth < 10; tenth += 1) {
    clock.advance(100);
    await turns();
    asked.at(-1)!(1);
    await turns();
    await answerAll(3);
  }
  expect(asked).toHaveLength(20);
});

test('a clock that is set back delays no question by more than a tenth of a second', async () => {
  const { read, asked, clock } = world();
  const first = read();
  await turns();
  asked[0]!(1);
  await first;
  clock.jump(-400 * 86_400_000);
  void read();
  await turns();
  clock.advance(100);
  await turns();
  expect(asked).toHaveLength(2);
});
