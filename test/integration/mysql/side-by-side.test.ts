import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { v7 } from 'uuid';
import { admission, blobRecord, digest, layer, pull } from '../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../support/control-plane/start-control-plane';
import { describeOnServers } from '../../support/mysql-server/describe-on-servers';
import { MysqlServer } from '../../support/mysql-server/mysql-server';

const APPLY = `mutation ($input: OrganizationInput!, $version: Int) {
  applyOrganization(input: $input, expectedVersion: $version) { id version description }
}`;
const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');

describeOnServers('two control planes on one database', (flavour) => {
  let server: MysqlServer;
  let planes: TestControlPlane[] = [];
  let databases = 0;
  beforeAll(async () => {
    server = await MysqlServer.start(flavour);
  }, 60_000);
  afterAll(async () => {
    await server?.remove();
  });
  afterEach(async () => {
    for (const plane of planes.splice(0)) await plane.remove();
  });

  async function startTwo(environment: object = {}): Promise<readonly [TestControlPlane, TestControlPlane]> {
    const name = `side_by_side_${++databases}`;
    await server.execute(`CREATE DATABASE ${name}`);
    const shared = { LAYOVER_DATABASE_URL: `${server.url}/${name}`, LAYOVER_MASTER_KEY: MASTER_KEY, ...environment };
    planes = await Promise.all([startControlPlane(shared), startControlPlane(shared)]);
    return planes as unknown as readonly [TestControlPlane, TestControlPlane];
  }
  const rows = (table: string, where = '1 = 1') =>
    server.execute(`SELECT * FROM side_by_side_${databases}.${table} WHERE ${where}`);

  test('create tables, organizations and keys once when both start on an empty database', async () => {
    const [a, b] = await startTwo({ LAYOVER_BOOTSTRAP: '1', LAYOVER_ADMIN_TOKEN: '' });
    expect(await rows('organizations')).toHaveLength(6);
    expect(await rows('audit_events', "kind = 'ORGANIZATION_CREATED'")).toHaveLength(6);
    expect(await rows('token_keys')).toHaveLength(1);
    expect(await rows('api_tokens')).toHaveLength(1);
    // One process creates the admin token in its home and announces it. The other one writes no
    // token file.
    expect([...a.announced, ...b.announced]).toHaveLength(1);
    const files = [a, b].filter(({ home }) => existsSync(join(home, 'admin-token')));
    expect(files.map(({ announced }) => announced.length)).toEqual([1]);
    const token = files[0]!.announced[0]!.split(' ').at(-1)!;
    for (const plane of [a, b]) expect((await plane.graphql('{ viewer { name } }', {}, token)).status).toBe(200);
    const keys = await Promise.all([a, b].map(async ({ catalog }) => (await catalog.watch().snapshot()).tokenKeys));
    expect(keys[0]).toEqual(keys[1]);
  });

  test('send a change that one of them makes to watchers of the other within a second', async () => {
    const [a, b] = await startTwo();
    const stream = b.catalog.watch();
    expect((await stream.snapshot()).organizations).toEqual([]);
    await a.ask(APPLY, {
      input: { name: 'acme', proxyCache: { upstream: 'a.io', upstreamUsername: 'bob', upstreamPassword: 'secret' } },
    });
    b.clock.advance(1000);
    const { organizations } = await stream.snapshot();
    expect(organizations.map(({ name, proxyCache }) => [name, proxyCache?.password])).toEqual([['acme', 'secret']]);
  });

  test('send a change of the other one at once to a data plane that asks for it', async () => {
    const [a, b] = await startTwo();
    const stream = b.catalog.watch();
    await stream.snapshot();
    await a.ask(APPLY, { input: { name: 'acme' } });
    // The clock of b stands still, so that b does not poll.
    const { revision } = await b.catalog.call('CatchUp', {});
    const snapshot = await stream.snapshot();
    expect([snapshot.organizations.map(({ name }) => name), snapshot.revision]).toEqual([['acme'], revision]);
  });

  test('a data plane continues at the other one from where it is, and hears only what changed', async () => {
    const [a, b] = await startTwo();
    for (const name of ['one', 'two', 'three']) await a.ask(APPLY, { input: { name } });
    const { revision: knownRevision, mark: knownMark } = await a.catalog.watch().update();
    await Promise.all([
      a.ask(APPLY, { input: { name: 'one', description: 'through one' } }),
      b.ask(APPLY, { input: { name: 'two', description: 'through the other' } }),
    ]);
    b.clock.advance(1000);
    let revision = knownRevision;
    const names: string[] = [];
    const stream = b.catalog.watch('node', { knownRevision, knownMark });
    while (revision < knownRevision + 2) {
      const update = await stream.update();
      expect(update.fromRevision).toBe(revision);
      names.push(...update.organizations.map(({ name }) => name));
      ({ revision } = update);
    }
    expect(names.sort()).toEqual(['one', 'two']);
  });

  test('create an organization once when both apply it at the same time', async () => {
    const [a, b] = await startTwo();
    const apply = (plane: TestControlPlane, i: number) =>
      plane.ask<{ applyOrganization: { id: string } }>(APPLY, { input: { name: `acme-${i}`, description: 'same' } });
    for (let i = 0; i < 10; i++) {
      const [one, other] = await Promise.all([apply(a, i), apply(b, i)]);
      expect(one.applyOrganization).toEqual(other.applyOrganization);
    }
    expect(await rows('organizations')).toHaveLength(10);
    expect(await rows('audit_events')).toHaveLength(10);
  });

  test('lose no concurrent update, and accept one of two updates with the same expected version', async () => {
    const [a, b] = await startTwo();
    await a.ask(APPLY, { input: { name: 'acme' } });
    const versions = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const plane = i % 2 === 0 ? a : b;
        const input = { name: 'acme', description: `change ${i}` };
        return (await plane.ask<{ applyOrganization: { version: number } }>(APPLY, { input })).applyOrganization
          .version;
      }),
    );
    expect(versions.sort((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
    const answers = await Promise.all(
      [a, b].map((plane, i) =>
        plane.graphql(APPLY, { input: { name: 'acme', description: `last ${i}` }, version: 21 }),
      ),
    );
    const codes = answers.map(({ errors }) => errors?.[0]?.extensions.code ?? 'OK').sort();
    expect(codes).toEqual(['OK', 'VERSION_CONFLICT']);
  });

  test('count a batch of records once when both receive it at the same time', async () => {
    const [a, b] = await startTwo();
    const repository = await a.organization('acme');
    await a.catalog.call('AdmitManifest', admission(repository, 'image', { references: [layer('layer', 10)] }));
    const at = Date.UTC(2026, 0, 2);
    for (let round = 0; round < 5; round++) {
      const records = [
        ...Array.from({ length: 50 }, () => pull(repository, 'image', at, {}, v7())),
        blobRecord(
          { organizationUid: repository.organizationUid, digest: digest('layer'), size: 10, bytesServed: 7 },
          at,
        ),
      ];
      const answers = await Promise.all([a, b].map(({ catalog }) => catalog.call('RecordPulls', { records })));
      expect(answers.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(51);
    }
    expect(await rows('audit_events', "kind = 'PULL'")).toHaveLength(250);
    const [sums] = await server.execute(
      `SELECT SUM(pulls) AS pulls, SUM(bytes_served) AS bytes FROM side_by_side_${databases}.organization_statistics`,
    );
    expect([Number(sums!['pulls']), Number(sums!['bytes'])]).toEqual([250, 250 * 100 + 5 * 7]);
    const [tag] = await rows('tags');
    expect(Number(tag!['pull_count'])).toBe(250);
  });

  test('keep one live version, the latest, of a tag that both admit at the same time', async () => {
    const [a, b] = await startTwo();
    const repository = await a.organization('acme');
    for (let round = 0; round < 8; round++) {
      const tag = `tag-${round}`;
      const references = [layer('shared', 10)];
      const decisions = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const { catalog } = i % 2 === 0 ? a : b;
          const checkedAt = Date.UTC(2026, 0, 1) + i;
          return (await catalog.call('AdmitManifest', admission(repository, `v${i}`, { tag, checkedAt, references })))
            .decision;
        }),
      );
      expect(new Set(decisions)).toEqual(new Set(['ADMITTED']));
      const live = await rows('tags', `name = '${tag}' AND live = 1`);
      expect(live.map((row) => row['digest'])).toEqual([digest('v7')]);
    }
    expect(await rows('manifests')).toHaveLength(8);
    expect(await rows('manifest_references')).toHaveLength(8);
  });
});
