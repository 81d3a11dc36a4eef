import { join, resolve } from 'node:path';
import { systemClock } from '../../../../common/runtime/clock';
import { homeAt } from '../../../../common/runtime/home';
import { formatGrpcAddress, parseListenAddress } from '../../../../common/runtime/listen-address';
import { createLogger } from '../../../../common/runtime/logger';
import { packageRoot } from '../../../../common/runtime/package-root';

describe('parseListenAddress', () => {
  test.each([
    ['unix:/run/x.sock', { kind: 'unix', path: '/run/x.sock' }],
    ['127.0.0.1:80', { kind: 'tcp', host: '127.0.0.1', port: 80 }],
    ['data.example:0', { kind: 'tcp', host: 'data.example', port: 0 }],
    ['[::1]:9', { kind: 'tcp', host: '::1', port: 9 }],
  ])('parses %s', (text, expected) => {
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
  ])('refuses %j', (text) => expect(parseListenAddress(text)).toBeUndefined());
});

describe('homeAt', () => {
  test('returns absolute paths below the home', () => {
    const home = homeAt('x');
    expect(home.root).toBe(resolve('x'));
    for (const path of Object.values(home)) expect(path.startsWith(home.root)).toBe(true);
  });

  test('puts sockets into the runtime folder of this user if their paths would be too long', () => {
    const long = join('/srv', 'x'.repeat(120));
    const deep = homeAt(long, '/run/user/1000');
    const other = homeAt(join('/srv', 'y'.repeat(120)), '/run/user/1000');
    expect(deep.dataSocket).toMatch(/^\/run\/user\/1000\/layover-\w{16}\/data\.sock$/);
    expect(deep.dataSocket).not.toBe(deep.catalogSocket);
    expect(deep.dataSocket).not.toBe(other.dataSocket);
    expect(homeAt(long, '/run/user/1000').dataSocket).toBe(deep.dataSocket);
    expect(homeAt('/srv/short', '/run/user/1000').dataSocket).toBe('/srv/short/run/data.sock');
  });

  test.each([undefined, 'relative', `/${'r'.repeat(100)}`])(
    'never puts sockets elsewhere, with the runtime folder %s',
    (runtimeFolder) => {
      const long = join('/srv', 'x'.repeat(120));
      expect(homeAt(long, runtimeFolder).dataSocket).toBe(join(long, 'run', 'data.sock'));
    },
  );
});

describe('the runtime', () => {
  test('a timer calls back once, or not at all after it was cancelled', async () => {
    let calls = 0;
    systemClock.after(1, () => (calls += 1));
    systemClock.after(1, () => (calls += 100))();
    // Timers of the same delay run in the order in which they were set.
    await new Promise<void>((done) => systemClock.after(1, done));
    expect(calls).toBe(1);
    const [before, now, after] = [Date.now(), systemClock.now(), Date.now()];
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(after);
  });

  test('packageRoot finds package.json from the sources', () => {
    expect(packageRoot()).toBe(resolve(__dirname, '../../../..'));
    expect(() => packageRoot('/')).toThrow(/No package.json/);
  });

  test('createLogger writes JSON lines without secrets', () => {
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
