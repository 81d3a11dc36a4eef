import { createLogger } from '../../../../common/runtime/logger';
import { sumRepeats } from '../../../../common/runtime/sum-repeats';
import { TestClock } from '../../../support/test-clock';

let clock: TestClock;
let lines: Record<string, unknown>[];
const logger = () =>
  createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });

beforeEach(() => {
  clock = new TestClock();
  lines = [];
});

test('logs the first warning of a kind at once and the number of the others every ten seconds', () => {
  const log = sumRepeats(logger(), clock);
  for (let index = 0; index < 1000; index += 1) log.warn({ upstream: 'one', digest: index }, 'A fill failed');
  expect(lines).toMatchObject([{ msg: 'A fill failed', digest: 0 }]);
  clock.advance(10_000);
  expect(lines.slice(1)).toMatchObject([{ msg: 'A fill failed', upstream: 'one', digest: 999, repeated: 999 }]);
  log.warn({ upstream: 'one', digest: 1000 }, 'A fill failed');
  expect(lines).toHaveLength(2);
  clock.advance(10_000);
  expect(lines.slice(2)).toMatchObject([{ digest: 1000, repeated: 1 }]);
});

test('logs a warning at once again after ten seconds without one', () => {
  const log = sumRepeats(logger(), clock);
  log.warn({}, 'first');
  clock.advance(10_000);
  log.warn({}, 'first');
  expect(lines.map(({ repeated }) => repeated)).toEqual([undefined, undefined]);
});

test('counts upstreams, organizations, calls, levels and messages separately, and other levels never', () => {
  const log = sumRepeats(logger(), clock);
  log.warn({ upstream: 'one' }, 'failed');
  log.warn({ upstream: 'two' }, 'failed');
  log.warn({ organization: 'one' }, 'failed');
  log.error({ organization: 'one' }, 'failed');
  log.warn('failed');
  log.warn('other');
  log.warn({ rpc: 'GetManifest', key: 'UPSTREAM_CONTENT' }, 'one/image:1 is invalid');
  log.warn({ rpc: 'GetManifest', key: 'UPSTREAM_CONTENT' }, 'one/image:2 is invalid');
  log.info({ upstream: 'one' }, 'failed');
  log.info({ upstream: 'one' }, 'failed');
  expect(lines).toHaveLength(9);
  clock.advance(10_000);
  expect(lines.slice(9)).toMatchObject([{ msg: 'one/image:2 is invalid', repeated: 1 }]);
});

test('counts what is left as one kind when there are too many', () => {
  const log = sumRepeats(logger(), clock);
  for (let index = 0; index < 5000; index += 1) log.warn({ upstream: `host ${index}` }, 'failed');
  expect(lines).toHaveLength(1001);
});

test('a logged error has bounded texts and lists', () => {
  const error = Object.assign(new Error('x'.repeat(1_000_000)), {
    sql: 'insert '.repeat(100_000),
    bindings: Array.from({ length: 10_000 }, (_, index) => index),
    cause: new Error('y'.repeat(1_000_000)),
  });
  logger().error({ err: error }, 'failed');
  expect(JSON.stringify(lines[0]).length).toBeLessThan(30_000);
  expect(lines[0]).toMatchObject({
    err: { type: 'Error', message: expect.stringMatching(/^x+… \(\d+ characters\)/) as string },
  });
});
