import { type ContainersHome, containersHome } from '../support/real/containers-home';
import { type Distribution, startDistribution } from '../support/real/distribution';
import { basicAuthorization, type HttpAnswer, send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { type Podman, podmanIn } from '../support/real/podman';
import { describeWith } from '../support/real/programs';
import { type PushedImage, pushImage, smallLayer } from '../support/real/push-image';
import { runProgram } from '../support/real/run-program';
import { waitUntil } from '../support/real/wait-until';
import { TestClock } from '../support/test-clock';

/** A robot as returned by createRobot and rotateRobotSecret. */
interface Robot {
  readonly username: string;
  readonly secret: string;
}

const IMAGE = 'team/app';

describeWith(['docker-registry', 'podman', 'skopeo'], 'private organizations', () => {
  let upstream: Distribution;
  let layover: InProcessLayover;
  let home: ContainersHome;
  let podman: Podman;
  let image: PushedImage;
  /** The clock of the data plane. */
  const clock = TestClock.running();
  const robots: Record<string, Robot> = {};

  const create = async (organization: string, name: string): Promise<Robot> => {
    const { createRobot } = await layover.graphql.run<{ createRobot: Robot }>(
      'mutation ($o: String!, $n: String!) { createRobot(organization: $o, name: $n) { username secret } }',
      { o: organization, n: name },
    );
    await waitUntil('the robot', async () => (await token(createRobot)).status === 200);
    return createRobot;
  };
  /** Requests a token for a repository of `vault`, as a robot or anonymously. */
  const token = (robot?: Robot, scope = `repository:vault/${IMAGE}:pull`): Promise<HttpAnswer> =>
    send({
      url: `${layover.url}/token?service=layover&scope=${encodeURIComponent(scope)}`,
      headers: robot === undefined ? {} : { Authorization: basic(robot) },
    });
  const bearer = async (robot?: Robot, scope?: string): Promise<string> =>
    `Bearer ${(JSON.parse((await token(robot, scope)).body.toString()) as { token: string }).token}`;
  const basic = ({ username, secret }: Robot): string => basicAuthorization({ username, password: secret });
  const get = (path: string, authorization?: string): Promise<HttpAnswer> =>
    send({
      url: `${layover.url}/v2/${path}`,
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });
  const pulled = (organization: string, tag = 'v1'): string => `${layover.host}/${organization}/${IMAGE}:${tag}`;

  beforeAll(async () => {
    upstream = await startDistribution({ htpasswd: true });
    image = await pushImage(upstream, { repository: IMAGE, tag: 'v1', layers: [smallLayer('private')] });
    layover = await startLayoverInProcess({
      env: { LAYOVER_COMPLETION_DELAY_SECONDS: '0' },
      dataClock: clock,
    });
    home = await containersHome([layover.host]);
    podman = podmanIn(home);
    for (const [name, visibility] of [
      ['vault', 'PRIVATE'],
      ['other', 'PRIVATE'],
      ['open', 'PUBLIC'],
    ]) {
      const { username, password } = upstream.credentials!;
      const proxyCache = {
        upstream: upstream.host,
        insecure: true,
        upstreamUsername: username,
        upstreamPassword: password,
      };
      await layover.graphql.run('mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }', {
        i: { name, visibility, proxyCache },
      });
    }
    robots['own'] = await create('vault', 'ci');
    robots['foreign'] = await create('other', 'ci');
  }, 60_000);

  afterAll(async () => {
    await layover?.stop();
    await upstream?.stop();
    await home?.remove();
  }, 60_000);

  afterEach(async () => {
    await podman.logout();
  });

  describe('podman and skopeo', () => {
    test('log in as a robot and pull; the audit log and the robot show it', async () => {
      const { username, secret } = robots['own']!;
      expect([username, secret]).toEqual(['vault+ci', expect.stringMatching(/^lyr_/)]);
      await podman.login(layover.host, username, secret);
      await podman.pull(pulled('vault'));
      expect(await podman.digestOf(pulled('vault'))).toBe(image.digest);
      const pull = await waitUntil('the audit event', async () =>
        (await layover.graphql.pulls('vault')).find(({ httpStatus }) => httpStatus === 200),
      );
      expect(pull).toMatchObject({ repository: IMAGE, actor: 'robot:vault+ci' });
      const { organization } = await layover.graphql.run<{ organization: { robots: { lastUsedAt: string | null }[] } }>(
        '{ organization(name: "vault") { robots { name lastUsedAt } } }',
      );
      expect(organization.robots).toMatchObject([{ name: 'ci', lastUsedAt: expect.any(String) as string }]);
      const copied = await runProgram(
        'skopeo',
        ['inspect', '--tls-verify=false', '--creds', `${username}:${secret}`, `docker://${pulled('vault')}`],
        { env: home.env },
      );
      expect(copied.stderr).toBe('');
      expect(JSON.parse(copied.stdout.toString())).toMatchObject({ Digest: image.digest, RepoTags: ['v1'] });
    }, 60_000);

    test('pull from two private organizations with one login; the audit log names robot and organization', async () => {
      const { username, secret } = await create('vault', 'both');
      await podman.login(layover.host, username, secret);
      await podman.pull(pulled('vault'));
      await expect(podman.pull(pulled('other'))).rejects.toThrow(/unauthorized|authentication required/);
      await layover.graphql.run(
        'mutation { setRobotOrganizations(organization: "vault", name: "both", organizations: ["other"]) { name } }',
      );
      const scope = `repository:other/${IMAGE}:pull`;
      const mayPull = async (): Promise<boolean> => {
        const authorization = await bearer({ username, secret }, scope);
        return (await get(`other/${IMAGE}/manifests/v1`, authorization)).status === 200;
      };
      await waitUntil('the further organization', mayPull);
      await podman.pull(pulled('other'));
      expect(await podman.digestOf(pulled('other'))).toBe(image.digest);
      for (const organization of ['vault', 'other'])
        await waitUntil(`the audit event of ${organization}`, async () =>
          (await layover.graphql.pulls(organization)).find(
            ({ httpStatus, actor }) => httpStatus === 200 && actor === 'robot:vault+both',
          ),
        );
      await layover.graphql.run(
        'mutation { setRobotOrganizations(organization: "vault", name: "both", organizations: []) { name } }',
      );
      await waitUntil('the end of the right', async () => !(await mayPull()));
      await expect(podman.pull(pulled('other'))).rejects.toThrow(/unauthorized|authentication required/);
      await podman.pull(pulled('vault'));
    }, 60_000);

    test('log in with either secret during a rotation, and with none after the robot has expired', async () => {
      const first = await create('vault', 'rotating');
      const { rotateRobotSecret: second } = await layover.graphql.run<{ rotateRobotSecret: Robot }>(
        'mutation { rotateRobotSecret(organization: "vault", name: "rotating", keepPreviousSeconds: 3600) { username secret } }',
      );
      await waitUntil('the new secret to work', async () => (await token(second)).status === 200);
      for (const { username, secret } of [first, second]) {
        await podman.login(layover.host, username, secret);
        await podman.pull(pulled('vault'));
      }
      const expiresAt = new Date(Date.now() + 2000).toISOString();
      await layover.graphql.run(
        'mutation ($at: DateTime) { setRobotExpiration(organization: "vault", name: "rotating", expiresAt: $at) { name } }',
        { at: expiresAt },
      );
      await waitUntil('the expiry', async () => (await token(second)).status === 401);
      await expect(podman.pull(pulled('vault'))).rejects.toThrow(/invalid username\/password/);
      const { auditEvents } = await waitUntil('the audit event', async () => {
        const found = await layover.graphql.run<{ auditEvents: { edges: { node: { detail: string } }[] } }>(
          '{ auditEvents(filter: {kinds: [ROBOT_LOGIN_FAILED]}) { edges { node { detail } } } }',
        );
        return found.auditEvents.edges.some(({ node }) => node.detail.includes('ROBOT_EXPIRED')) && found;
      });
      expect(auditEvents.edges.map(({ node }) => node.detail).join()).toContain('"robot":"vault+rotating"');
    }, 60_000);

    test('can pull nothing without a login, not even cached images', async () => {
      await expect(podman.pull(pulled('vault'))).rejects.toThrow(/unauthorized|authentication required/);
    }, 60_000);

    test('cannot log in with a wrong secret or as an unknown robot', async () => {
      for (const [username, secret] of [
        ['vault+ci', robots['foreign']!.secret],
        ['vault+nobody', robots['own']!.secret],
        ['vault', robots['own']!.secret],
      ] as const)
        await expect(podman.login(layover.host, username, secret)).rejects.toThrow(/invalid username\/password/);
    }, 60_000);

    test("log in as another organization's robot and can pull from that organization only", async () => {
      const { username, secret } = robots['foreign']!;
      await podman.login(layover.host, username, secret);
      await expect(podman.pull(pulled('vault'))).rejects.toThrow(/unauthorized|authentication required/);
      await podman.pull(pulled('other'));
    }, 60_000);

    test('pull from a public organization with and without a login', async () => {
      await podman.pull(pulled('open'));
      await podman.login(layover.host, robots['own']!.username, robots['own']!.secret);
      await podman.pull(pulled('open'));
    }, 60_000);

    test('lose a login when its secret is rotated or its robot is deleted', async () => {
      const first = await create('vault', 'short');
      await podman.login(layover.host, first.username, first.secret);
      await podman.pull(pulled('vault'));
      const { rotateRobotSecret: second } = await layover.graphql.run<{ rotateRobotSecret: Robot }>(
        'mutation { rotateRobotSecret(organization: "vault", name: "short") { username secret } }',
      );
      await waitUntil('the new secret to work', async () => (await token(second)).status === 200);
      await expect(podman.pull(pulled('vault'))).rejects.toThrow(/invalid username\/password/);
      await podman.login(layover.host, second.username, second.secret);
      await podman.pull(pulled('vault'));
      await layover.graphql.run('mutation { deleteRobot(organization: "vault", name: "short") }');
      await waitUntil('the deletion to take effect', async () => (await token(second)).status === 401);
      await expect(podman.pull(pulled('vault'))).rejects.toThrow(/invalid username\/password/);
    }, 60_000);
  });

  describe('status and challenge', () => {
    const REALM = (): string => `Bearer realm="${layover.url}/token",service="layover"`;
    const SCOPE = `,scope="repository:vault/${IMAGE}:pull"`;
    const outcome = (answer: HttpAnswer): unknown[] => [
      answer.status,
      // The description is in challenge.test.ts.
      answer.headers['www-authenticate']?.replace(/,error_description="[^"]*"/, ''),
      answer.status === 200
        ? undefined
        : (JSON.parse(answer.body.toString()) as { errors: { code: string }[] }).errors[0]!.code,
    ];
    const refused = (challenge: string): unknown[] => [401, REALM() + challenge, 'UNAUTHORIZED'];
    /** Returns the paths of all parts of the image. */
    const paths = (): string[] => [
      `vault/${IMAGE}/manifests/v1`,
      `vault/${IMAGE}/manifests/${image.digest}`,
      `vault/${IMAGE}/blobs/${image.layers[0]!.digest}`,
      `vault/${IMAGE}/tags/list`,
      `vault/${IMAGE}/referrers/${image.digest}`,
    ];
    const expectAll = async (authorization: string | undefined, challenge: string): Promise<void> => {
      for (const path of paths())
        expect([path, ...outcome(await get(path, authorization))]).toEqual([path, ...refused(challenge)]);
    };

    test('answers a request without credentials with a challenge that names realm and scope', async () => {
      expect(outcome(await get(''))).toEqual(refused(''));
      await expectAll(undefined, SCOPE);
    });

    test("accepts a robot's token, and its name and secret", async () => {
      for (const authorization of [await bearer(robots['own']), basic(robots['own']!)]) {
        expect((await get('', authorization)).status).toBe(200);
        for (const path of paths()) expect([path, (await get(path, authorization)).status]).toEqual([path, 200]);
      }
    });

    test('answers a wrong secret with 401, and with a Basic challenge on the token endpoint', async () => {
      const wrong = { username: 'vault+ci', secret: `lyr_${'x'.repeat(43)}` };
      const unknown = { username: 'vault+nobody', secret: wrong.secret };
      const answers = [await token(wrong), await token(unknown)];
      for (const answer of answers)
        expect(outcome(answer)).toEqual([401, 'Basic realm="layover", charset="UTF-8"', 'UNAUTHORIZED']);
      // The answer must not reveal which robots exist.
      expect(answers[0]!.body.toString()).toBe(answers[1]!.body.toString());
      await expectAll(basic(wrong), SCOPE);
      // A wrong secret is an error even where anonymous pulls are allowed.
      expect((await get(`open/${IMAGE}/manifests/v1`, basic(wrong))).status).toBe(401);
    });

    test("denies access with the valid token of another organization's robot", async () => {
      expect((await get('', await bearer(robots['foreign']))).status).toBe(200);
      await expectAll(await bearer(robots['foreign']), `${SCOPE},error="insufficient_scope"`);
      await expectAll(basic(robots['foreign']!), `${SCOPE},error="insufficient_scope"`);
    });

    test('gives anonymous tokens that work for public organizations only', async () => {
      await expectAll(await bearer(), `${SCOPE},error="insufficient_scope"`);
      const scope = `repository:open/${IMAGE}:pull`;
      expect((await get(`open/${IMAGE}/manifests/v1`, await bearer(undefined, scope))).status).toBe(200);
    });

    test('answers insufficient_scope to a token for another repository', async () => {
      await expectAll(
        await bearer(robots['own'], 'repository:vault/team/else:pull'),
        `${SCOPE},error="insufficient_scope"`,
      );
    });

    test('rejects an expired token and gives the robot a new one', async () => {
      const old = await bearer(robots['own']);
      expect((await get(paths()[0]!, old)).status).toBe(200);
      clock.advance(331_000);
      await expectAll(old, `${SCOPE},error="invalid_token"`);
      expect(outcome(await get('', old))).toEqual(refused(',error="invalid_token"'));
      expect((await get(paths()[0]!, await bearer(robots['own']))).status).toBe(200);
    });

    test('rejects a token that Layover did not issue', async () => {
      await expectAll('Bearer eyJhbGciOiJub25lIn0.e30.', `${SCOPE},error="invalid_token"`);
    });

    test('rejects issued tokens after the secret is rotated or the robot is deleted', async () => {
      const robot = await create('vault', 'fleeting');
      const before = await bearer(robot);
      expect((await get(paths()[0]!, before)).status).toBe(200);
      const { rotateRobotSecret: changed } = await layover.graphql.run<{ rotateRobotSecret: Robot }>(
        'mutation { rotateRobotSecret(organization: "vault", name: "fleeting") { username secret } }',
      );
      await waitUntil('the new secret to work', async () => (await token(changed)).status === 200);
      await expectAll(before, `${SCOPE},error="invalid_token"`);
      expect((await token(robot)).status).toBe(401);
      const after = await bearer(changed);
      expect((await get(paths()[0]!, after)).status).toBe(200);
      await layover.graphql.run('mutation { deleteRobot(organization: "vault", name: "fleeting") }');
      await waitUntil('the deletion to take effect', async () => (await token(changed)).status === 401);
      await expectAll(after, `${SCOPE},error="invalid_token"`);
    });

    test('applies a change of the visibility at once, in both directions', async () => {
      const path = `open/${IMAGE}/manifests/v1`;
      const turn = (visibility: string): Promise<unknown> =>
        layover.graphql.run(
          `mutation { updateOrganization(name: "open", input: {visibility: ${visibility}}) { visibility } }`,
        );
      await turn('PRIVATE');
      await waitUntil('the refusal to start', async () => (await get(path)).status === 401);
      await turn('PUBLIC');
      await waitUntil('the refusal to end', async () => (await get(path)).status === 200);
    });
  });

  test('lets robots log in and pull while the control plane is down', async () => {
    const { username, secret } = robots['own']!;
    await layover.stopPlane('control');
    await podman.removeImages();
    await podman.login(layover.host, username, secret);
    await podman.pull(pulled('vault'));
    expect((await token({ username, secret: 'wrong' })).status).toBe(401);
    expect((await get(`vault/${IMAGE}/manifests/v1`)).status).toBe(401);
  }, 60_000);
});
