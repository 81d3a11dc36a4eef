import { ACCOUNTS } from '../support/real/distribution';
import { type HttpAnswer, send } from '../support/real/http-client';
import { describeWith } from '../support/real/programs';
import { blobsOf, type PushedImage, pushImage, smallLayer } from '../support/real/push-image';
import { waitUntil } from '../support/real/wait-until';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

describeWith(STAGE_PROGRAMS, 'organizations with credentials of their own on one upstream', () => {
  let stage: Stage;
  let image: PushedImage;

  beforeAll(async () => {
    stage = await startStage({ htpasswd: true });
    image = await pushImage(stage.upstream, {
      repository: 'private/image',
      tag: 'v1',
      layers: [smallLayer('private')],
    });
    const as = ({ username, password }: { username: string; password: string }) => ({
      upstreamUsername: username,
      upstreamPassword: password,
    });
    await stage.createOrganization('first', as(ACCOUNTS.alpha));
    await stage.createOrganization('second', as(ACCOUNTS.beta));
    await stage.createOrganization('wrong', as({ username: 'beta', password: 'not-its-password' }));
    await stage.createOrganization('nobody');
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const get = (organization: string, rest: string, method = 'GET'): Promise<HttpAnswer> =>
    send({ method, url: `${stage.layover.url}/v2/${organization}/private/image/${rest}` });
  const code = (answer: HttpAnswer): string =>
    (JSON.parse(answer.body.toString()) as { errors: { code: string }[] }).errors[0]!.code;
  const blob = (): string => `blobs/${image.layers[0]!.digest}`;

  test('with good credentials it is pulled, and cached', async () => {
    const copied = await stage.skopeo.copy(`${stage.layover.host}/first/private/image:v1`);
    expect(copied.manifest.equals(image.manifest)).toBe(true);
    await stage.settled(blobsOf(image).map(({ digest }) => digest));
  });

  test.each(['wrong', 'nobody'])('what another has cached is not for the organization "%s"', async (organization) => {
    for (const rest of ['manifests/v1', `manifests/${image.digest}`, blob()]) {
      const answer = await get(organization, rest);
      expect([rest, answer.status, code(answer)]).toEqual([rest, 403, 'DENIED']);
      expect((await get(organization, rest, 'HEAD')).status).toBe(403);
    }
  });

  test('with other good credentials it is served, and no blob is fetched a second time', async () => {
    stage.relay.reset();
    const copied = await stage.skopeo.copy(`${stage.layover.host}/second/private/image:v1`);
    expect(copied.manifest.equals(image.manifest)).toBe(true);
    expect(blobsOf(image).map(({ digest }) => stage.relay.bytesOf(digest))).toEqual([0, 0]);
  });

  test('a blob by digest alone: the upstream is asked with the credentials of whoever asks', async () => {
    const { username, password } = ACCOUNTS.beta;
    await stage.createOrganization('third', { upstreamUsername: username, upstreamPassword: password });
    stage.relay.reset();
    const answer = await get('third', blob());
    expect([answer.status, answer.body.length]).toEqual([200, image.layers[0]!.size]);
    expect(stage.relay.lines().some((line) => line.includes(image.layers[0]!.digest))).toBe(true);
    expect(stage.relay.requests.filter(({ method, status }) => method === 'GET' && status === 200)).toEqual([]);
  });

  test('credentials that turn bad end the service of what was cached with good ones', async () => {
    await stage.layover.graphql.run(
      `mutation ($input: OrganizationPatch!) { updateOrganization(name: "first", input: $input) { name } }`,
      {
        input: {
          proxyCache: { upstream: stage.relay.host, insecure: true, upstreamUsername: 'alpha', upstreamPassword: 'x' },
        },
      },
    );
    const answer = await waitUntil('a refusal', async () => {
      const now = await get('first', 'manifests/v1');
      return now.status !== 200 && now;
    });
    expect([answer.status, code(answer)]).toEqual([403, 'DENIED']);
  });
});
