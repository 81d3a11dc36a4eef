import { tarOf } from '../support/fake-registry/tar';
import { type CountingRelay, startCountingRelay } from '../support/real/counting-relay';
import { type Docker, DOCKER_PROGRAMS, startDocker } from '../support/real/docker';
import { describeWith } from '../support/real/programs';
import { blobsOf, type PushedImage, pushImage, smallLayer } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';
import { waitUntil } from '../support/real/wait-until';

/**
 * Docker with a host name of the organization `docker` as one of its `registry-mirrors`. A relay
 * counts the requests of the engine.
 */
describeWith([...STAGE_PROGRAMS, ...DOCKER_PROGRAMS], 'docker with registry-mirrors', () => {
  let stage: Stage;
  let front: CountingRelay;
  let docker: Docker;

  beforeAll(async () => {
    stage = await startStage({ env: { LAYOVER_ORGANIZATION_HOSTS: 'localhost=docker' } });
    await stage.createOrganization('docker', { mirrorHost: 'docker.io' });
    front = await startCountingRelay(stage.layover.url);
    docker = await startDocker([`http://localhost:${front.host.split(':')[1]}`]);
  }, 60_000);

  afterAll(async () => {
    await docker?.stop();
    await front?.close();
    await stage?.stop();
  }, 60_000);

  const push = (repository: string): Promise<PushedImage> =>
    pushImage(stage.upstream, { repository, tag: 'v1', layers: [smallLayer(repository)] });

  test("pulls with the user's login of Docker Hub, which is not a failed login at Layover", async () => {
    const image = await push('library/app');
    front.reset();
    await docker.pull('library/app:v1', { login: { username: 'somebody', secret: 'hub-password' } });
    expect(await docker.digestsOf('library/app:v1')).toEqual([image.digest]);
    expect(front.lines().slice(0, 3)).toEqual([
      'GET /v2/ 401',
      'GET /token?account=somebody&scope=repository%3Alibrary%2Fapp%3Apull&service=layover 200',
      'HEAD /v2/library/app/manifests/v1 200',
    ]);
    const pulls = await waitUntil('the audit of both requests for the manifest', async () => {
      const found = await stage.layover.graphql.pulls('docker');
      return found.length >= 2 && found;
    });
    expect(pulls.map(({ actor, httpStatus }) => `${actor} ${httpStatus}`)).toEqual(['anonymous 200', 'anonymous 200']);
  }, 60_000);

  test('builds an image with BuildKit from one that comes through the mirror', async () => {
    const image = await push('library/base');
    front.reset();
    await docker.build(tarOf([{ name: 'Dockerfile', content: 'FROM library/base:v1\nLABEL built=yes\n' }]));
    expect(front.lines().slice(0, 2)).toEqual([
      'HEAD /v2/library/base/manifests/v1?ns=docker.io 200',
      `GET /v2/library/base/manifests/${image.digest}?ns=docker.io 200`,
    ]);
    for (const { digest, size } of blobsOf(image)) expect(front.bytesOf(digest)).toBe(size);
  }, 60_000);
});
