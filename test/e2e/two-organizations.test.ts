import { ACCOUNTS } from '../support/real/distribution';
import { type HttpAnswer, send } from '../support/real/http-client';
import { describeWith } from '../support/real/programs';
import { blobsOf, type PushedImage, pushImage } from '../support/real/push-image';
import { waitUntil } from '../support/real/wait-until';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

describeWith(STAGE_PROGRAMS, 'organizations with their own credentials at one upstream', () => {
  let stage: Stage;
  let image: PushedImage;

  beforeAll(async () => {
    stage = await startStage({ htpasswd: true });
    image = await pushImage(stage.upstream, {
      repository: 'private/image',
      tag: 'v1',
      layers: [{ seed: 'private', tarBytes: 1024 * 1024, compressed: false }],
    });
    const as = ({ username, password }: { username: string; password: string }) => ({
      upstreamUsername: username,
      upstreamPassword: password,
    });
    await stage.createOrganization('first', as(ACCOUNTS.alpha));
    await stage.createOrganization('second', as(ACCOUNTS.beta));
    await stage.createOrganization('twin', as(ACCOUNTS.alpha));
    await stage.createOrganization('wrong', as({ username: 'beta', password: 'not-its-password' }));
    await stage.createOrganization('nobody');
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const get = (organization: string, rest: string, method = 'GET'): Promise<HttpAnswer> =>
    send({ method, url: `${stage.layover.url}/v2/${organization}/private/image/${rest}` });
  const code = (answer: HttpAnswer): string =>
    (JSON.parse(answer.body.toString()) as { errors: { code: string }[] }).errors[0]!.code;
  const blob = (): string => `blobs/${image.layers[0]!.digest}`;

  test('cache an image that they pull with valid credentials', async () => {
    const copied = await stage.skopeo.copy(`${stage.layover.host}/first/private/image:v1`);
    expect(copied.manifest.equals(image.manifest)).toBe(true);
    await stage.settled(blobsOf(image).map(({ digest }) => digest));
  });

  test.each(['wrong', 'nobody'])(
    'do not serve the cached image of another one without valid credentials: "%s"',
    async (organization) => {
      for (const rest of ['manifests/v1', `manifests/${image.digest}`, blob()]) {
        const answer = await get(organization, rest);
        expect([rest, answer.status, code(answer)]).toEqual([rest, 403, 'DENIED']);
        expect((await get(organization, rest, 'HEAD')).status).toBe(403);
      }
    },
  );

  const bytesOfBlobs = (): number[] => blobsOf(image).map(({ digest }) => stage.relay.bytesOf(digest));

  test('serve the image with the same credentials without asking for a blob again', async () => {
    stage.relay.reset();
    const copied = await stage.skopeo.copy(`${stage.layover.host}/twin/private/image:v1`);
    expect(copied.manifest.equals(image.manifest)).toBe(true);
    expect(bytesOfBlobs()).toEqual([0, 0]);
  });

  test('serve the image with other valid credentials for a sample of each blob, once', async () => {
    stage.relay.reset();
    const copied = await stage.skopeo.copy(`${stage.layover.host}/second/private/image:v1`);
    expect(copied.manifest.equals(image.manifest)).toBe(true);
    // Six ranges of 16 KiB prove a large blob; a small one is fetched whole.
    const sampled = blobsOf(image).map(({ size }) => (size > 64 * 1024 ? 6 * 16 * 1024 : size));
    expect(bytesOfBlobs()).toEqual(sampled);
    await stage.settled(blobsOf(image).map(({ digest }) => digest));
    stage.relay.reset();
    await stage.skopeo.copy(`${stage.layover.host}/second/private/image:v1`);
    expect(bytesOfBlobs()).toEqual([0, 0]);
  });

  test('check a blob by digest at the upstream with the credentials of the requested organization', async () => {
    const { username, password } = ACCOUNTS.beta;
    await stage.createOrganization('third', { upstreamUsername: username, upstreamPassword: password });
    stage.relay.reset();
    const answer = await get('third', blob());
    expect([answer.status, answer.body.length]).toEqual([200, image.layers[0]!.size]);
    expect(stage.relay.lines().some((line) => line.includes(image.layers[0]!.digest))).toBe(true);
    expect(stage.relay.requests.filter(({ method, status }) => method === 'GET' && status === 200)).toEqual([]);
  });

  test('stop serving cached content when their credentials become invalid', async () => {
    await stage.layover.graphql.run(
      `mutation ($input: OrganizationPatch!) { updateOrganization(name: "first", input: $input) { name } }`,
      {
        input: {
          proxyCache: { upstream: stage.relay.host, insecure: true, upstreamUsername: 'alpha', upstreamPassword: 'x' },
        },
      },
    );
    const answer = await waitUntil('the pull to be refused', async () => {
      const now = await get('first', 'manifests/v1');
      return now.status !== 200 && now;
    });
    expect([answer.status, code(answer)]).toEqual([403, 'DENIED']);
  });
});
