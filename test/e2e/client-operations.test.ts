import {
  CLIENT_OPERATIONS,
  type ClientName,
  type ClientOperationName,
  CLIENTS,
} from '../support/compatibility/clients';
import { describeWith } from '../support/real/programs';
import { PULL_CLIENTS } from '../support/real/pull-client';
import type { PullClient, Pushed } from '../support/real/client-kind';
import { fetchReferrers } from '../support/real/clients/fetch-pushed';
import { pushZstdImage } from '../support/real/clients/zstd-image';
import { blobsOf, pushImage, pushIndex, smallLayer } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

/** Time for one operation, in milliseconds. */
const TIME = 60_000;

/** What an operation works with. Every operation has repositories of its own. */
interface Parts {
  readonly client: PullClient;
  readonly stage: Stage;
  /** The name of a client's repository at the upstream. */
  readonly repository: string;
  /** Returns the reference of the repository at Layover. */
  readonly at: (suffix: string, organization?: string) => string;
}

/** The tag of what is pulled. Charts need such a version. */
const TAG = '1.0.0';

/** Pushes what the client pulls to its repository. */
async function push({ client, stage, repository }: Parts, seed = 'seed'): Promise<Pushed> {
  const content = { repository, tag: TAG, seed: `${repository}-${seed}` };
  if (client.push !== undefined) return client.push(stage.upstream, content);
  const image = await pushImage(stage.upstream, { repository, tag: TAG, layers: [smallLayer(content.seed)] });
  return { digest: image.digest, blobs: blobsOf(image).map(({ digest }) => digest) };
}

const OPERATIONS: Readonly<Record<ClientOperationName, (parts: Parts) => Promise<void>>> = {
  async cold(parts) {
    const image = await push(parts);
    parts.stage.relay.reset();
    expect(await parts.client.pull(parts.at(`:${TAG}`))).toContain(image.digest);
    await parts.stage.settled(image.blobs);
    const fetched = parts.stage.relay.requests.flatMap(({ path }) => /blobs\/(.*)/.exec(path)?.[1] ?? []);
    expect(fetched).toEqual([...new Set(fetched)]);
  },
  async warm(parts) {
    const { client, stage, repository, at } = parts;
    const image = await push(parts);
    await client.pull(at(`:${TAG}`));
    await stage.settled(image.blobs);
    await client.forget();
    stage.relay.reset();
    expect(await client.pull(at(`:${TAG}`))).toContain(image.digest);
    const expected = client.warmRequests?.(repository, image) ?? [`HEAD /v2/${repository}/manifests/${TAG} 200`];
    expect(stage.relay.lines().sort()).toEqual([...expected].sort());
  },
  async digest(parts) {
    const image = await push(parts);
    expect(await parts.client.pull(parts.at(`@${image.digest}`))).toContain(image.digest);
  },
  async platform({ client, stage, repository, at }) {
    const architectures = ['amd64', 'arm64'];
    const index = await pushIndex(stage.upstream, { repository, tag: TAG, architectures, seed: repository });
    const digests = await client.pull(at(`:${TAG}`), { architecture: 'arm64' });
    // podman records the digest of the index, or that of the image.
    expect([index.digest, index.children[1]!.digest].some((digest) => digests.includes(digest))).toBe(true);
    const [foreign, own] = index.children.map(({ layers }) => stage.relay.bytesOf(layers[0]!.digest));
    expect([foreign, own]).toEqual([0, index.children[1]!.layers[0]!.size]);
  },
  async moved(parts) {
    await push(parts, 'before');
    await parts.client.pull(parts.at(`:${TAG}`));
    const after = await push(parts, 'after');
    expect(await parts.client.pull(parts.at(`:${TAG}`))).toContain(after.digest);
  },
  async mirror(parts) {
    const image = await push(parts);
    expect(await parts.client.pull(`docker.io/${parts.repository}:${TAG}`)).toContain(image.digest);
  },
  async private(parts) {
    const { client, stage, at } = parts;
    const image = await push(parts);
    const { createRobot } = await stage.layover.graphql.run<{ createRobot: { username: string; secret: string } }>(
      `mutation { createRobot(organization: "vault", name: "${parts.repository.replace(/.*\//, '')}") { username secret } }`,
    );
    await expect(client.pull(at(`:${TAG}`, 'vault'))).rejects.toThrow(
      /401|unauthorized|authentication|authorization|docker login/i,
    );
    expect(await client.pull(at(`:${TAG}`, 'vault'), { credentials: createRobot })).toContain(image.digest);
  },
  async missing(parts) {
    await push(parts);
    await expect(parts.client.pull(parts.at(':2.0.0'))).rejects.toThrow(/not found|manifest unknown/i);
  },
  async layers({ client, stage, repository, at }) {
    const layers = Array.from({ length: 40 }, (_, layer) => smallLayer(`${repository}-${layer}`));
    const image = await pushImage(stage.upstream, { repository, tag: TAG, layers });
    expect(await client.pull(at(`:${TAG}`))).toContain(image.digest);
    for (const { digest, size } of blobsOf(image)) expect(stage.relay.bytesOf(digest)).toBe(size);
  },
  async zstd({ client, stage, repository, at }) {
    const image = await pushZstdImage(stage.upstream, { repository, tag: TAG, seed: repository });
    expect(await client.pull(at(`:${TAG}`))).toContain(image.digest);
  },
  async artifact({ client, stage, repository, at }) {
    await client.artifacts!.push(`${stage.upstream.host}/${repository}:${TAG}`, 'a note');
    stage.relay.reset();
    expect(await client.artifacts!.pull(at(`:${TAG}`))).toBe('a note');
    expect(stage.relay.lines()).toContain(`GET /v2/${repository}/manifests/${TAG} 200`);
  },
  async referrers(parts) {
    const { client, stage, repository, at } = parts;
    const image = await push(parts);
    await client.artifacts!.attach(`${stage.upstream.host}/${repository}:${TAG}`, 'a note');
    const referrers = await fetchReferrers(stage.upstream, repository, image.digest);
    expect(referrers).toHaveLength(1);
    expect(await client.artifacts!.referrers(at(`:${TAG}`))).toEqual(expect.arrayContaining([...referrers]));
  },
  async outage(parts) {
    const { client, stage, at } = parts;
    const image = await push(parts);
    await client.pull(at(`:${TAG}`));
    await stage.settled(image.blobs);
    await client.forget();
    await stage.relay.close();
    try {
      expect(await client.pull(at(`:${TAG}`))).toContain(image.digest);
    } finally {
      await stage.relay.reopen();
    }
  },
};

describe.each(Object.keys(PULL_CLIENTS) as readonly ClientName[])('the client %s', (name) => {
  const kind = PULL_CLIENTS[name];

  describeWith([...STAGE_PROGRAMS, ...kind.programs], 'with a whole Layover', () => {
    let stage: Stage;
    let client: PullClient;

    beforeAll(async () => {
      stage = await startStage({ env: { LAYOVER_ORGANIZATION_HOSTS: 'localhost=docker' } });
      await stage.createOrganization('docker', { mirrorHost: 'docker.io' });
      await stage.createOrganization('vault');
      await stage.layover.graphql.run(
        'mutation { updateOrganization(name: "vault", input: { visibility: PRIVATE }) { name } }',
      );
      client = await kind.start({
        layover: stage.layover.host,
        mirror: { registry: 'docker.io', organization: 'docker' },
        mirrorRoot: `localhost:${stage.layover.host.split(':')[1]}`,
      });
    }, TIME);

    afterAll(async () => {
      await client?.stop();
      await stage?.stop();
    }, TIME);

    const run = (operation: ClientOperationName): Promise<void> => {
      const repository = `${name}/${operation}`;
      const at = (suffix: string, organization = 'docker'): string =>
        `${stage.layover.host}/${organization}/${repository}${suffix}`;
      return OPERATIONS[operation]({ client, stage, repository, at });
    };

    const { failures, lacks = [] } = CLIENTS[name];
    for (const operation of Object.keys(CLIENT_OPERATIONS) as readonly ClientOperationName[]) {
      if (lacks.includes(operation)) continue;
      if (failures[operation] === undefined) test(CLIENT_OPERATIONS[operation], () => run(operation), TIME);
      else {
        test(
          `it is still a known failure that it ${CLIENT_OPERATIONS[operation]}`,
          () => expect(run(operation)).rejects.toThrow(),
          TIME,
        );
      }
    }
  });
});
