import type { WatchedConfiguration } from '../../../support/control-plane/catalog-client';
import { withTables } from '../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

type Position = { readonly revision: number; readonly mark: string };

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.remove());

const APPLY = 'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { version } }';
const apply = (name: string, change: object = {}) => plane.ask(APPLY, { input: { name, ...change } });
const remove = (name: string) => plane.ask('mutation ($name: String!) { deleteOrganization(name: $name) }', { name });
const watch = (known?: Position) =>
  plane.catalog.watch('node', known && { knownRevision: known.revision, knownMark: known.mark });
const namesOf = ({ organizations }: Awaited<ReturnType<WatchedConfiguration['update']>>): string[] =>
  organizations.map(({ name }) => name).sort();
const now = async (): Promise<Position> => {
  const { revision, mark } = await watch().update();
  return { revision, mark };
};

describe('a stream', () => {
  test('begins with a full snapshot, then sends only the organizations that changed', async () => {
    for (const name of ['a', 'b', 'c']) await apply(name);
    const stream = watch();
    const first = await stream.update();
    expect(first).toMatchObject({ fromRevision: 0, last: true, removedUids: [] });
    expect(namesOf(first)).toEqual(['a', 'b', 'c']);
    await apply('b', { proxyCache: { upstream: 'quay.io', upstreamUsername: 'me', upstreamPassword: 'secret' } });
    const second = await stream.update();
    expect(second).toMatchObject({ fromRevision: first.revision, revision: first.revision + 1, removedUids: [] });
    expect(namesOf(second)).toEqual(['b']);
    expect(second.organizations[0]!.proxyCache).toMatchObject({ upstreamHost: 'quay.io', password: 'secret' });
    expect(second.mark).not.toBe(first.mark);
  });

  test('sends the uid of a removed organization', async () => {
    for (const name of ['a', 'b']) await apply(name);
    const stream = watch();
    const { organizations } = await stream.update();
    await remove('a');
    const update = await stream.update();
    expect(update.organizations).toEqual([]);
    expect(update.removedUids).toEqual(organizations.filter(({ name }) => name === 'a').map(({ uid }) => uid));
  });

  test('sends the organization of a changed robot, with all its robots', async () => {
    for (const name of ['a', 'b']) await apply(name);
    const stream = watch();
    await stream.update();
    for (const robot of ['one', 'two']) {
      await plane.ask(`mutation { createRobot(organization: "b", name: "${robot}") { secret } }`);
      expect(namesOf(await stream.update())).toEqual(['b']);
    }
    await plane.ask('mutation { rotateRobotSecret(organization: "b", name: "one") { secret } }');
    const { organizations } = await stream.update();
    expect(organizations.map(({ name, robots }) => [name, robots.map((robot) => robot.name)])).toEqual([
      ['b', ['one', 'two']],
    ]);
  });

  test('sends the organization of a robot whose rights changed, also because another one was deleted', async () => {
    for (const name of ['a', 'b']) await apply(name);
    await plane.ask('mutation { createRobot(organization: "a", name: "ci") { secret } }');
    const stream = watch();
    const uidOf = Object.fromEntries((await stream.update()).organizations.map(({ name, uid }) => [name, uid]));
    const grant = 'setRobotOrganizations(organization: "a", name: "ci", organizations: ["b"]) { name }';
    for (const [mutation, granted, removed] of [
      [grant, [uidOf['b']], []],
      [
        'setRobotExpiration(organization: "a", name: "ci", expiresAt: "2030-01-01T00:00:00Z") { name }',
        [uidOf['b']],
        [],
      ],
      ['deleteOrganization(name: "b")', [], [uidOf['b']]],
    ] as const) {
      await plane.ask(`mutation { ${mutation} }`);
      const { organizations, removedUids } = await stream.update();
      expect(organizations.map(({ name, robots }) => [name, robots[0]!.grantedUids])).toEqual([['a', granted]]);
      expect(removedUids).toEqual(removed);
    }
  });

  test('sends the settings with every update, and no organization if only they changed', async () => {
    await apply('a');
    const stream = watch();
    await stream.update();
    await plane.ask('mutation { updateSystemSettings(input: {proxyCacheEnabled: false}) { version } }');
    const update = await stream.update();
    expect(update).toMatchObject({ organizations: [], removedUids: [], settings: { proxyCacheEnabled: false } });
    expect(update.tokenKeys).toHaveLength(1);
    await apply('b');
    expect((await stream.update()).settings?.proxyCacheEnabled).toBe(false);
  });

  test('starts each update where the previous one ended, under concurrent changes', async () => {
    const stream = watch();
    let { revision } = await stream.update();
    const last = revision + 40;
    const seen = new Set<string>();
    const changes = Promise.all(Array.from({ length: 40 }, (_, i) => apply(`o${i % 8}`, { description: `${i}` })));
    while (revision < last) {
      const update = await stream.update();
      expect(update.fromRevision).toBe(revision);
      ({ revision } = update);
      for (const name of namesOf(update)) seen.add(name);
    }
    await changes;
    expect([...seen].sort()).toEqual(Array.from({ length: 8 }, (_, i) => `o${i}`));
    expect(namesOf(await watch().update())).toEqual([...seen].sort());
  });

  test('sends many organizations in several messages', async () => {
    await withTables(plane, async (tables) => {
      const rows = Array.from({ length: 600 }, (_, i) => ({
        uid: `uid-${i}`,
        name: `o${i}`,
        description: '',
        visibility: 'PUBLIC',
        time_machine_seconds: 0,
        version: 1,
        created_at: 1,
        updated_at: 1,
      }));
      for (let i = 0; i < rows.length; i += 100) await tables('organizations').insert(rows.slice(i, i + 100));
    });
    await plane.restart();
    const stream = watch();
    const sizes: (number | undefined)[] = [];
    for (let last = false; !last;) {
      const message = await stream.next();
      sizes.push(message?.update?.organizations.length);
      last = message?.update?.last ?? true;
    }
    expect(sizes).toEqual([256, 256, 88]);
    await apply('o5', { description: 'changed' });
    expect(namesOf(await stream.update())).toEqual(['o5']);
  });
});

describe('a data plane that reconnects', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b', 'c']) await apply(name);
  });

  test.each(['the same', 'a restarted'])(
    'gets the changes since its position, from %s control plane',
    async (which) => {
      const known = await now();
      await apply('b', { description: 'changed' });
      await apply('d');
      await remove('a');
      if (which === 'a restarted') await plane.restart();
      const update = await watch(known).update();
      expect(update.fromRevision).toBe(known.revision);
      expect(namesOf(update)).toEqual(['b', 'd']);
      expect(update.removedUids).toHaveLength(1);
    },
  );

  test('gets an empty update first if nothing changed', async () => {
    const known = await now();
    const update = await watch(known).update();
    expect(update).toMatchObject({ fromRevision: known.revision, ...known, organizations: [], removedUids: [] });
    expect(update.settings).not.toBeNull();
    expect(update.tokenKeys).toHaveLength(1);
  });

  test('gets a full snapshot after a backup was restored, regardless of the revision', async () => {
    const backup = await now();
    await apply('b', { description: 'after the backup' });
    const known = await now();
    await plane.stop();
    await withTables(plane, async (tables) => {
      await tables('configuration_revision').update({ revision: backup.revision });
      await tables('configuration_changes').where('revision', '>', backup.revision).delete();
    });
    await plane.start();
    expect((await watch(known).update()).fromRevision).toBe(0);
    // A data plane that received no change after the backup needs no full snapshot.
    expect(await watch(backup).update()).toMatchObject({ fromRevision: backup.revision, organizations: [] });
    await apply('c', { description: 'same revision' });
    for (const name of ['x', 'y']) {
      const { fromRevision, revision, mark } = await watch(known).update();
      expect(fromRevision).toBe(0);
      expect(revision).toBeGreaterThanOrEqual(known.revision);
      expect(mark).not.toBe(known.mark);
      await apply(name);
    }
  });

  test('gets a full snapshot if its position is no longer in the log of changes', async () => {
    const known = await now();
    await apply('b', { description: 'changed' });
    const { revision } = await now();
    await withTables(plane, (tables) => tables('configuration_changes').where('revision', '<', revision).delete());
    await plane.restart();
    const update = await watch(known).update();
    expect([update.fromRevision, namesOf(update)]).toEqual([0, ['a', 'b', 'c']]);
  });

  test('gets a full snapshot from a control plane of another version', async () => {
    const known = await now();
    const [mark] = known.mark.split('.');
    expect((await watch({ ...known, mark: `${mark}.of-another-version` }).update()).fromRevision).toBe(0);
  });
});

describe('changes by other processes', () => {
  test('are sent within a second, without unchanged organizations', async () => {
    for (const name of ['a', 'b']) await apply(name);
    const stream = watch();
    const { revision } = await stream.update();
    await withTables(plane, async (tables) => {
      await tables('organizations').where('name', 'a').update({ visibility: 'PRIVATE' });
      const { uid } = (await tables('organizations').where('name', 'a').first('uid')) as { readonly uid: unknown };
      await tables('configuration_revision').increment('revision', 1);
      await tables('configuration_changes').insert({
        revision: revision + 1,
        mark: 'of another',
        organization_uid: uid,
      });
    });
    plane.clock.advance(1000);
    const update = await stream.update();
    expect(update).toMatchObject({ fromRevision: revision, revision: revision + 1 });
    expect(update.organizations.map(({ name, visibility }) => [name, visibility])).toEqual([['a', 'PRIVATE']]);
  });

  test('without a row in the log cause a full snapshot', async () => {
    await apply('a');
    const stream = watch();
    const { revision } = await stream.update();
    await withTables(plane, (tables) => tables('configuration_revision').increment('revision', 5));
    plane.clock.advance(1000);
    expect(await stream.update()).toMatchObject({ fromRevision: 0, revision: revision + 5, mark: '' });
    await apply('b');
    expect(await stream.update()).toMatchObject({ fromRevision: 0, revision: revision + 6 });
    await apply('c');
    expect(namesOf(await stream.update())).toEqual(['c']);
  });

  test('cause a full snapshot if a backup is restored under a running control plane', async () => {
    await apply('a');
    const stream = watch();
    const { revision } = await stream.update();
    await withTables(plane, (tables) =>
      tables('configuration_changes').where('revision', revision).update({ mark: 'of another history' }),
    );
    plane.clock.advance(1000);
    expect(await stream.update()).toMatchObject({ fromRevision: 0, revision });
  });
});

test('a data plane of an earlier version gets a snapshot at the start and after every change', async () => {
  await apply('a');
  const stream = plane.catalog.watch('old', { acceptsUpdates: false });
  const snapshot = async (): Promise<string[]> => {
    for (;;) {
      const message = await stream.next();
      expect(message?.update).toBeFalsy();
      if (message?.snapshot) return message.snapshot.organizations.map(({ name }) => name).sort();
    }
  };
  expect(await snapshot()).toEqual(['a']);
  await apply('b');
  expect(await snapshot()).toEqual(['a', 'b']);
});
