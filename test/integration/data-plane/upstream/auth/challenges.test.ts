import type { UpstreamRegistry } from '../../../../../data-plane/src/upstream/upstream-registry';
import { buildImage, startFakeRegistry } from '../../../../support/fake-registry';
import { TestClock } from '../../../../support/test-clock';
import {
  bytesOf,
  client,
  Closers,
  failureOf,
  ref,
  repositoryAt,
  type ScriptedAnswer,
  type ScriptedRequest,
  type ScriptedServer,
  startScriptedServer,
  traffic,
} from '../support';

const ann = { username: 'ann', password: 'se:cret' };
const image = buildImage();
const found: ScriptedAnswer = { status: 200, headers: { 'content-type': image.mediaType }, body: image.manifest };

describe('the answer to a challenge', () => {
  const closers = new Closers();
  let upstream: UpstreamRegistry;
  beforeEach(() => {
    upstream = closers.add(client());
  });
  afterEach(() => closers.close());

  /** Starts a registry whose tokens are the scopes that they were requested with. */
  async function start(needed: string, challenge: (scope: string, refused: number) => string): Promise<ScriptedServer> {
    let refusals = 0;
    const server: ScriptedServer = await startScriptedServer(({ url, headers }) => {
      if (url.pathname === '/token') {
        const token = Buffer.from(url.searchParams.getAll('scope').join(' ')).toString('hex');
        return { status: 200, body: JSON.stringify({ token }) };
      }
      const scopes = Buffer.from(headers.authorization?.slice('Bearer '.length) ?? '', 'hex')
        .toString()
        .split(' ');
      if (scopes.includes(needed)) return found;
      const value = challenge(`Bearer realm="http://${headers.host}/token",service="s",scope=`, refusals++);
      return { status: 401, headers: { 'www-authenticate': value } };
    });
    return closers.add(server);
  }
  const scopesAt = (server: ScriptedServer): readonly (readonly string[])[] =>
    server.requests.filter(({ url }) => url.pathname === '/token').map(({ url }) => url.searchParams.getAll('scope'));

  it('contains the scope of the challenge, if it is a pull from the requested repository', async () => {
    const needed = 'repository(plugin):app:pull';
    const server = await start(needed, (bearer) => `${bearer}"${needed}"`);
    await upstream.getManifest(repositoryAt(server, 'app'), ref('v1'));
    expect(scopesAt(server)).toEqual([['repository:app:pull', needed]]);
    server.take();
    await upstream.getManifest(repositoryAt(server, 'app'), ref('v1'));
    expect(server.take()).toEqual(['GET /v2/app/manifests/v1']);
  });

  it('is corrected once by the second challenge', async () => {
    const needed = 'repository(helm):app:pull';
    const server = await start(needed, (bearer, refused) => (refused === 0 ? `${bearer}""` : `${bearer}"${needed}"`));
    await upstream.getManifest(repositoryAt(server, 'app'), ref('v1'));
    expect(scopesAt(server)).toEqual([['repository:app:pull'], ['repository:app:pull', needed]]);
  });

  it('ends after the second challenge, whatever the upstream asks for', async () => {
    const server = await start('nothing', (bearer, refused) => `${bearer}"repository(class${refused}):app:pull"`);
    const error = await failureOf(upstream.getManifest(repositoryAt(server, 'app'), ref('v1')));
    expect(error).toMatchObject({ key: 'UPSTREAM_DENIED', upstreamStatus: 401 });
    expect(server.take().filter((line) => line.includes('/manifests/'))).toHaveLength(3);
  });

  it.each([
    'repository:other:pull',
    'repository(plugin):other:pull',
    'repository:app:push',
    'repository:app/sub:pull',
    'registry:catalog:*',
    'repository:*:pull',
  ])('never contains the scope %s', async (scope) => {
    const server = await start(scope, (bearer) => `${bearer}"${scope} repository:app:pull"`);
    expect((await failureOf(upstream.getManifest(repositoryAt(server, 'app'), ref('v1')))).key).toBe('UPSTREAM_DENIED');
    expect(scopesAt(server)).toEqual([['repository:app:pull']]);
  });

  it('asks for nothing but pulls where the challenge asks for more', async () => {
    const server = await start('nothing', (bearer) => `${bearer}"repository:app:pull,push,delete"`);
    await failureOf(upstream.getManifest(repositoryAt(server, 'app'), ref('v1')));
    expect(scopesAt(server)).toEqual([['repository:app:pull']]);
  });

  it('changes to Basic if the second challenge asks for it', async () => {
    const server = closers.add(
      await startScriptedServer(({ url, headers }) => {
        if (url.pathname === '/token') return { status: 200, body: '{"token":"t"}' };
        if (headers.authorization?.startsWith('Basic ') === true) return found;
        const bearer = `Bearer realm="http://${headers.host}/token"`;
        const value = headers.authorization === undefined ? bearer : 'Basic realm="r"';
        return { status: 401, headers: { 'www-authenticate': value } };
      }),
    );
    const repository = repositoryAt(server, 'app', { credentials: ann });
    await upstream.getManifest(repository, ref('v1'));
    server.take();
    await upstream.getManifest(repository, ref('v1'));
    expect(server.take()).toEqual(['GET /v2/app/manifests/v1']);
  });

  it('changes to Bearer if the second challenge asks for it', async () => {
    const server = closers.add(
      await startScriptedServer(({ url, headers }) => {
        if (url.pathname === '/token') return { status: 200, body: '{"token":"t"}' };
        if (headers.authorization === 'Bearer t') return found;
        const bearer = `Bearer realm="http://${headers.host}/token"`;
        const value = headers.authorization === undefined ? 'Basic realm="r"' : bearer;
        return { status: 401, headers: { 'www-authenticate': value } };
      }),
    );
    const credentials = { credentials: ann };
    expect((await upstream.getManifest(repositoryAt(server, 'app', credentials), ref('v1'))).digest).toBe(image.digest);
  });

  describe('after the end of a token', () => {
    const challenges: readonly [string, (host: string) => Record<string, string>][] = [
      ['no challenge', () => ({})],
      ['an empty challenge', () => ({ 'www-authenticate': '' })],
      ['a challenge without a realm', () => ({ 'www-authenticate': 'Bearer error="invalid_token"' })],
      ['a challenge for another scheme', () => ({ 'www-authenticate': 'Negotiate' })],
      ['a challenge for Basic', () => ({ 'www-authenticate': 'Basic realm="r"' })],
      ['a realm that is not trusted', () => ({ 'www-authenticate': 'Bearer realm="http://elsewhere.test/token"' })],
      ['the same challenge', (host) => ({ 'www-authenticate': `Bearer realm="http://${host}/token"` })],
    ];

    /** Starts a registry that accepts only the newest token; `renew` ends it. */
    async function startExpiring(headers: (host: string) => Record<string, string>): Promise<{
      readonly server: ScriptedServer;
      readonly renew: () => void;
    }> {
      let issued = 0;
      let valid = 0;
      const answer = ({ url, headers: sent }: ScriptedRequest): ScriptedAnswer => {
        if (url.pathname === '/token') {
          valid = ++issued;
          return { status: 200, body: JSON.stringify({ token: `t${issued}`, expires_in: 3600 }) };
        }
        if (sent.authorization === `Bearer t${valid}` && valid > 0) {
          if (url.pathname.includes('/manifests/')) return found;
          const range = /^bytes=(\d+)-$/.exec(sent.range ?? '');
          if (range === null) return { status: 200, body: image.config.bytes };
          const from = Number(range[1]);
          const size = image.config.bytes.length;
          const body = image.config.bytes.subarray(from);
          return { status: 206, headers: { 'content-range': `bytes ${from}-${size - 1}/${size}` }, body };
        }
        const first = { 'www-authenticate': `Bearer realm="http://${sent.host}/token"` };
        return { status: 401, headers: sent.authorization === undefined ? first : headers(sent.host!) };
      };
      const server = closers.add(await startScriptedServer(answer));
      return { server, renew: () => void (valid = -1) };
    }

    it.each(challenges)('is a new token of the remembered realm for a 401 with %s', async (_name, headers) => {
      for (const credentials of [undefined, ann]) {
        const { server, renew } = await startExpiring(headers);
        const repository = repositoryAt(server, 'app', { credentials });
        await upstream.getManifest(repository, ref('v1'));
        renew();
        server.take();
        await upstream.getManifest(repository, ref('v1'));
        expect(server.take()).toEqual([
          'GET /v2/app/manifests/v1',
          expect.stringContaining('GET /token'),
          'GET /v2/app/manifests/v1',
        ]);
      }
    });

    it('is a new token also for the rest of a blob', async () => {
      const { server, renew } = await startExpiring(() => ({}));
      const repository = repositoryAt(server, 'app');
      await bytesOf(await upstream.openBlob(repository, image.config.digest, 0));
      renew();
      const rest = await upstream.openBlob(repository, image.config.digest, 3);
      expect(await bytesOf(rest)).toEqual(image.config.bytes.subarray(3));
    });

    it('is one new token only', async () => {
      const { server } = await startExpiring(() => ({}));
      const repository = repositoryAt(server, 'app');
      await upstream.getManifest(repository, ref('v1'));
      server.take();
      const broken = closers.add(
        await startScriptedServer(({ url }) =>
          url.pathname === '/token' ? { status: 200, body: '{"token":"t"}' } : { status: 401 },
        ),
      );
      expect((await failureOf(upstream.getManifest(repositoryAt(broken, 'app'), ref('v1')))).key).toBe(
        'UPSTREAM_DENIED',
      );
      expect(broken.take()).toEqual(['GET /v2/app/manifests/v1']);
    });
  });

  describe('after a 400 to a cached token', () => {
    /**
     * Starts a registry that accepts only the newest token, and answers 400 to others and to
     * everything below `bad/`; `renew` ends the token.
     */
    async function startWithout401(): Promise<{ readonly server: ScriptedServer; readonly renew: () => void }> {
      let issued = 0;
      let isOver = false;
      const answer = ({ url, headers: { host, authorization } }: ScriptedRequest): ScriptedAnswer => {
        if (url.pathname === '/token') {
          isOver = false;
          return { status: 200, body: JSON.stringify({ token: `t${++issued}`, expires_in: 3600 }) };
        }
        if (authorization === undefined)
          return { status: 401, headers: { 'www-authenticate': `Bearer realm="http://${host}/token"` } };
        const isCurrent = !isOver && authorization.startsWith('Bearer t');
        return isCurrent && !url.pathname.includes('/bad/') ? found : { status: 400 };
      };
      const server = closers.add(await startScriptedServer(answer));
      return { server, renew: () => void (isOver = true) };
    }
    const requests = (server: ScriptedServer): readonly string[] => server.take().map((line) => line.split('?')[0]!);

    it('is a new token, because Amazon ECR Public does not answer 401', async () => {
      const { server, renew } = await startWithout401();
      const repository = repositoryAt(server, 'app');
      for (let times = 0; times < 2; times++) {
        await upstream.getManifest(repository, ref('v1'));
        renew();
        server.take();
        await upstream.getManifest(repository, ref('v1'));
        expect(requests(server)).toEqual(['GET /v2/app/manifests/v1', 'GET /token', 'GET /v2/app/manifests/v1']);
      }
    });

    it('is one new token for any number of bad requests in ten minutes', async () => {
      const clock = new TestClock(Date.now());
      const timed = closers.add(client({ clock }));
      const { server } = await startWithout401();
      const ask = async (name: string): Promise<readonly string[]> => {
        server.take();
        const error = await failureOf(timed.getManifest(repositoryAt(server, name), ref('v1')));
        expect(error).toMatchObject({ key: 'UPSTREAM_REFUSED_REQUEST', upstreamStatus: 400 });
        return requests(server);
      };
      const once = ['GET /v2/bad/app/manifests/v1'];
      const twice = [...once, 'GET /token', ...once];
      // The first token answers the challenge, so it is new and not renewed.
      expect(await ask('bad/app')).toEqual(twice);
      expect(await ask('bad/app')).toEqual(twice);
      expect(await ask('bad/app')).toEqual(once);
      expect(await ask('bad/other')).toEqual(['GET /token', 'GET /v2/bad/other/manifests/v1']);
      expect(await ask('bad/other')).toEqual(['GET /v2/bad/other/manifests/v1']);
      clock.advance(10 * 60_000);
      expect(await ask('bad/app')).toEqual(twice);
    });

    it('leaves the tokens of other repositories as they are', async () => {
      const { server } = await startWithout401();
      await upstream.getManifest(repositoryAt(server, 'app'), ref('v1'));
      await failureOf(upstream.getManifest(repositoryAt(server, 'bad/app'), ref('v1')));
      server.take();
      await upstream.getManifest(repositoryAt(server, 'app'), ref('v1'));
      expect(server.take()).toEqual(['GET /v2/app/manifests/v1']);
    });
  });

  it('is a new token for many requests that were refused at the same time', async () => {
    const registry = closers.add(await startFakeRegistry({ auth: { kind: 'bearer', anonymous: 'all' } }));
    registry.content.addImage('app', 'v1', image);
    const repository = repositoryAt(registry, 'app');
    await upstream.getManifest(repository, ref('v1'));
    registry.auth.revokeTokens();
    traffic(registry);
    await Promise.all([1, 2, 3, 4].map(() => upstream.getManifest(repository, ref('v1'))));
    expect(traffic(registry).filter((line) => line === 'GET /token').length).toBeLessThanOrEqual(2);
  });
});
