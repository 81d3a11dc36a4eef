import { BackgroundSave } from '../../../../data-plane/src/configuration/background-save';
import { TestClock } from '../../../support/test-clock';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function begin() {
  const clock = new TestClock();
  const errors: unknown[] = [];
  const saves: { readonly end: (error?: Error) => void }[] = [];
  const save = (): Promise<void> =>
    new Promise((resolve, reject) => saves.push({ end: (error) => (error ? reject(error) : resolve()) }));
  const background = new BackgroundSave({ save, clock, everyMs: 1000, onError: (error) => errors.push(error) });
  return { clock, errors, saves, background };
}

test('saves immediately, then one save at a time and at most once a second', async () => {
  const { clock, saves, background } = begin();
  background.request();
  expect(saves).toHaveLength(1);
  background.request();
  background.request();
  clock.advance(5000);
  expect(saves).toHaveLength(1);
  saves[0]!.end();
  await turn();
  clock.advance(999);
  expect(saves).toHaveLength(1);
  clock.advance(1);
  expect(saves).toHaveLength(2);
  saves[1]!.end();
  await turn();
  clock.advance(10_000);
  expect(saves).toHaveLength(2);
  background.request();
  expect(saves).toHaveLength(3);
  saves[2]!.end();
});

test('retries half a minute after a failure, and reports the first of consecutive failures', async () => {
  const { clock, errors, saves, background } = begin();
  background.request();
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    saves.at(-1)!.end(new Error(`failure ${attempt}`));
    await turn();
    clock.advance(29_999);
    expect(saves).toHaveLength(attempt);
    clock.advance(1);
    expect(saves).toHaveLength(attempt + 1);
  }
  saves.at(-1)!.end();
  await turn();
  background.request();
  clock.advance(1000);
  saves.at(-1)!.end(new Error('another row'));
  await turn();
  expect(errors.map(String)).toEqual(['Error: failure 1', 'Error: another row']);
});

test('flush saves unsaved changes after the running save', async () => {
  const { clock, saves, background } = begin();
  background.request();
  background.request();
  const flushed = background.flush();
  saves[0]!.end();
  await turn();
  expect(saves).toHaveLength(2);
  saves[1]!.end();
  await flushed;
  clock.advance(60_000);
  expect(saves).toHaveLength(2);
  await background.flush();
  expect(saves).toHaveLength(2);
});
