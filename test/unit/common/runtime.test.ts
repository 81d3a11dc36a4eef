import { join, resolve } from 'node:path';
import { systemClock } from '../../../common/runtime/clock';
import { ConfigurationError, EnvReader } from '../../../common/runtime/env';
import { homeAt } from '../../../common/runtime/home';
import { formatGrpcAddress, parseListenAddress } from '../../../common/runtime/listen-address';
import { createLogger } from '../../../common/runtime/logger';
import { packageRoot } from '../../../common/runtime/package-root';

function problemsOf(reader: EnvReader): readonly string[] {
  try {
    reader.done();
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems;
  }
}

describe('the environment', () => {
  test('absent and empty variables give the fallback', () => {
    const reader = new EnvReader({ EMPTY: '', BLANK: '  ' });
    for (const name of ['EMPTY', 'BLANK', 'ABSENT']) {
      expect(reader.text(name)).toBeUndefined();
      expect(reader.integer(name, 5, 0, 9)).toBe(5);
      expect(reader.boolean(name, undefined)).toBeUndefined();
      expect(reader.choice(name, 'a', ['a', 'b'])).toBe('a');
      expect(reader.parsed(name, 'x', () => undefined, 'anything')).toBe('x');
    }
    expect(problemsOf(reader)).toEqual([]);
  });

  test('values are trimmed and read', () => {
    const reader = new EnvReader({ N: ' 7 ', T: 'Yes', F: 'OFF', C: 'b' });
    expect(reader.integer('N', 0, 0, 9)).toBe(7);
    expect(reader.boolean('T', false)).toBe(true);
    expect(reader.boolean('F', true)).toBe(false);
    expect(reader.choice('C', 'a', ['a', 'b'])).toBe('b');
    expect(problemsOf(reader)).toEqual([]);
  });

  test.each(['1.5', '1e3', '0x1', 'ten', '10', '-1', '--1', 'Infinity'])('%j is no number from 0 to 9', (text) => {
    const reader = new EnvReader({ N: text });
    reader.integer('N', 0, 0, 9);
    expect(problemsOf(reader)).toHaveLength(1);
  });

  test('all problems are told at once; secrets are not repeated', () => {
    const reader = new EnvReader({ A: 'x', B: 'maybe', C: 'z', KEY: 'hunter2' });
    reader.integer('A', 0, 0, 9);
    reader.boolean('B', true);
    reader.choice('C', 'a', ['a', 'b']);
    reader.parsed('KEY', undefined, () => undefined, '32 bytes in base64', true);
    reader.problem('D', 'does not go with A');
    const problems = problemsOf(reader);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['A', 'B', 'C', 'KEY', 'D']);
    expect(new ConfigurationError(problems).message).toMatch(/5 problems/);
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('addresses', () => {
  test.each([
    ['unix:/run/x.sock', { kind: 'unix', path: '/run/x.sock' }],
    ['127.0.0.1:80', { kind: 'tcp', host: '127.0.0.1', port: 80 }],
    ['data.example:0', { kind: 'tcp', host: 'data.example', port: 0 }],
    ['[::1]:9', { kind: 'tcp', host: '::1', port: 9 }],
  ])('%s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected);
    expect(formatGrpcAddress(parseListenAddress(text)!)).toBe(text);
  });

  test.each([
    '',
    'unix:',
    ':80',
    'host',
    'host:',
    'host:65536',
    'host:-1',
    'host:80/x',
    '::1:80',
    'http://h:80',
    'h h:80',
  ])('%j is none', (text) => expect(parseListenAddress(text)).toBeUndefined());
});

describe('the home', () => {
  test('is absolute, and everything is below it', () => {
    const home = homeAt('x');
    expect(home.root).toBe(resolve('x'));
    for (const path of Object.values(home)) expect(path.startsWith(home.root)).toBe(true);
  });

  test('that is too deep for a socket gets a folder of its own elsewhere', () => {
    const deep = homeAt(join('/tmp', 'x'.repeat(120)));
    const other = homeAt(join('/tmp', 'y'.repeat(120)));
    expect(Buffer.byteLength(deep.dataSocket)).toBeLessThanOrEqual(107);
    expect(deep.dataSocket).not.toBe(deep.catalogSocket);
    expect(deep.dataSocket).not.toBe(other.dataSocket);
    expect(homeAt(join('/tmp', 'x'.repeat(120))).dataSocket).toBe(deep.dataSocket);
  });
});

describe('the machine around us', () => {
  test('a timer calls back once, or not at all when it is taken back', async () => {
    let calls = 0;
    systemClock.after(1, () => (calls += 1));
    systemClock.after(1, () => (calls += 100))();
    // Timers do not keep the process alive by themselves.
    await new Promise((done) => setTimeout(done, 20));
    expect(calls).toBe(1);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });

  test('the package is found from the sources', () => {
    expect(packageRoot()).toBe(resolve(__dirname, '../../..'));
    expect(() => packageRoot('/')).toThrow(/no package.json/);
  });

  test('logs are JSON lines without secrets', () => {
    const lines: string[] = [];
    const logger = createLogger('edge-http', 'info', { write: (line) => void lines.push(line) });
    logger.info(
      { authorization: 'Bearer x1', config: { password: 'x2', nested: { token: 'x3' } }, host: 'docker.io' },
      'hello',
    );
    logger.debug('not shown');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ plane: 'edge-http', msg: 'hello', host: 'docker.io', level: 30 });
    expect(lines[0]).not.toMatch(/x[123]/);
  });
});
