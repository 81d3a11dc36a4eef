import { buildImage } from '../../support/fake-registry';
import { describeOnServers } from '../../support/mysql-server/describe-on-servers';
import { MysqlServer } from '../../support/mysql-server/mysql-server';
import { waitUntil } from '../../support/real/wait-until';
import { type Credentials, Puller } from './support/puller';
import { startStabilityRig, type StabilityRig, type StabilityRigOptions } from './support/stability-rig';

const REPOSITORY = 'team/app';

/** An outage: how it begins and how it ends. */
interface Outage {
  readonly options: () => StabilityRigOptions;
  readonly begin: (rig: StabilityRig) => Promise<void>;
  readonly end: (rig: StabilityRig) => Promise<void>;
}

let rig: StabilityRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

/**
 * Checks what clients and the audit log see before, during and after an outage. The data plane
 * restarts during the outage.
 */
async function checkOutage({ options, begin, end }: Outage): Promise<void> {
  const planes = (rig = await startStabilityRig(options()));
  const { upstream } = planes;
  for (const tag of ['cached', 'first', 'second', 'third'])
    upstream.content.addImage(REPOSITORY, tag, buildImage({ layers: [3000], seed: tag }));
  const proxyCache = { upstream: upstream.host, insecure: true };
  for (const input of [
    { name: 'open', proxyCache },
    { name: 'closed', visibility: 'PRIVATE', proxyCache },
  ])
    await planes.graphql.run('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { id } }', {
      input,
    });
  const { createRobot } = await planes.graphql.run<{ createRobot: { username: string; secret: string } }>(
    'mutation { createRobot(organization: "closed", name: "ci") { username secret } }',
  );
  const robot: Credentials = { username: createRobot.username, password: createRobot.secret };
  const client = new Puller(() => planes.url);
  await waitUntil('the robot to be known', () => client.token(`closed/${REPOSITORY}`, robot));
  const open = (reference: string) => client.pull('open', REPOSITORY, reference);
  const closed = (reference: string) => client.pull('closed', REPOSITORY, reference, robot);
  await waitUntil('both organizations to be known', async () => (await open('cached')).status === 200);
  expect(await open('cached')).toMatchObject({ status: 200, cache: 'REVALIDATED' });
  expect(await closed('cached')).toMatchObject({ status: 200, cache: 'MISS' });
  await begin(planes);

  const pulls = async (uncached: string): Promise<void> => {
    // A cached image by tag, an image that is not cached, and the same one again, which is cached
    // now.
    for (const pull of [open, closed]) {
      expect(await pull('cached')).toMatchObject({ status: 200, cache: 'REVALIDATED' });
      expect(await pull(uncached)).toMatchObject({ status: 200, cache: 'MISS' });
      expect(await pull(uncached)).toMatchObject({ status: 200, cache: 'REVALIDATED' });
    }
    // Access rights do not change.
    await expect(client.token(`closed/${REPOSITORY}`, { ...robot, password: 'wrong' })).rejects.toThrow('401');
    expect(await new Puller(() => planes.url).pull('nobody', REPOSITORY, 'cached')).toMatchObject({ status: 401 });
  };
  await pulls('first');
  // Restarts the data plane twice: the second one must have what the first one stored, and continue
  // its journal.
  await planes.restartData();
  await pulls('second');
  await planes.restartData();
  await pulls('third');

  await end(planes);
  for (const [organization, answers] of client.answers) {
    const recorded = await waitUntil(`the audit events of ${organization}`, async () => {
      const all = await planes.graphql.pulls(organization);
      return all.length >= answers.length && all;
    });
    // Each pull once, in the order of the answers.
    expect(recorded.map(({ requestId, httpStatus, actor }) => ({ requestId, httpStatus, actor }))).toEqual(answers);
    await waitUntil(`the tags of ${organization}`, async () => {
      const { repository } = await planes.graphql.run<{
        repository: { tags: { edges: { node: { name: string; manifest: { completeness: string } } }[] } } | null;
      }>(
        `query ($organization: String!, $name: String!) { repository(organization: $organization, name: $name) {
          tags { edges { node { name manifest { completeness } } } } } }`,
        { organization, name: REPOSITORY },
      );
      const tags = (repository?.tags.edges ?? []).map(({ node }) => `${node.name} ${node.manifest.completeness}`);
      return tags.join() === 'cached COMPLETE,first COMPLETE,second COMPLETE,third COMPLETE';
    });
  }
  expect(await open('cached')).toMatchObject({ status: 200, cache: 'REVALIDATED' });
}

describe('pulls with SQLite', () => {
  test(
    'continue while the control plane is stopped',
    () => checkOutage({ options: () => ({}), begin: (it) => it.stopControl(), end: (it) => it.startControl() }),
    60_000,
  );

  test(
    'continue while the control plane and its database are killed',
    () =>
      checkOutage({
        options: () => ({ controlProcess: true }),
        begin: (it) => it.killControl(),
        end: (it) => it.startControl(),
      }),
    60_000,
  );
});

describeOnServers('pulls with a database server', (flavour) => {
  let server: MysqlServer;
  let databases = 0;
  let databaseUrl: string;
  beforeAll(async () => {
    server = await MysqlServer.start(flavour);
  }, 60_000);
  afterAll(() => server?.remove());
  beforeEach(async () => {
    databases += 1;
    await server.execute(`CREATE DATABASE stability_${databases}`);
    databaseUrl = `${server.url}/stability_${databases}`;
  });

  test(
    'continue while the control plane is stopped',
    () =>
      checkOutage({
        options: () => ({ databaseUrl }),
        begin: (it) => it.stopControl(),
        end: (it) => it.startControl(),
      }),
    60_000,
  );

  test(
    'continue while the database is killed and the control plane runs',
    () =>
      checkOutage({
        options: () => ({ databaseUrl }),
        begin: () => server.kill(),
        end: () => server.launch(),
      }),
    60_000,
  );
});
