import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../common/runtime/clock';
import { createLogger } from '../../../../common/runtime/logger';
import { SealedBox } from '../../../../common/security/sealed-box';
import { createCatalogClient } from '../../../../data-plane/src/catalog/catalog-client';
import { createGrpcConfigurationWatch } from '../../../../data-plane/src/catalog/grpc-configuration-watch';
import { createSnapshotCodec } from '../../../../data-plane/src/catalog/snapshot-codec';
import { SnapshotFile } from '../../../../data-plane/src/configuration/snapshot-file';
import {
  type ConfigurationOptions,
  createConfiguration,
  type LiveConfiguration,
} from '../../../../data-plane/src/configuration/watched-configuration';
import type {
  ConfigurationChange,
  ConfigurationSnapshot,
} from '../../../../data-plane/src/configuration/configuration';
import type { WatchReply } from '../../../../proto/gen/layover/v1/WatchReply';
import type { ConfigurationUpdate } from '../../../../proto/gen/layover/v1/ConfigurationUpdate';
import { FakeCatalog, updateOf } from '../../../support/fake-catalog';
import { waitUntil } from '../../../support/real/wait-until';
import { TestClock } from '../../../support/test-clock';
import { encodeSnapshot, organization, PROXY_CACHE, snapshotOf } from './support';

const folder = mkdtempSync(join(tmpdir(), 'layover-test-'));
const codec = createSnapshotCodec();
let serial = 0;
let path: string;
let masterKey: Buffer;
let catalog: FakeCatalog;
const releases: (() => Promise<void>)[] = [];

beforeEach(async () => {
  path = join(folder, String(serial++), 'configuration.sealed');
  masterKey = randomBytes(32);
  catalog = await FakeCatalog.start(snapshotOf(1, organization('org')));
});
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
  await catalog.stop();
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Started {
  readonly configuration: LiveConfiguration;
  readonly forgotten: (readonly string[])[];
  readonly lines: readonly string[];
  readonly connections: () => number;
  /** Resolves with the first snapshot, including the current one, that fulfills `condition`. */
  until(condition: (snapshot: ConfigurationSnapshot) => boolean): Promise<ConfigurationSnapshot>;
  stop(): Promise<void>;
}

async function start(options: Partial<ConfigurationOptions> = {}): Promise<Started> {
  const forgotten: (readonly string[])[] = [];
  const lines: string[] = [];
  let connections = 0;
  const client = createCatalogClient(catalog.address);
  const configuration = createConfiguration({
    watch: createGrpcConfigurationWatch(() => createCatalogClient(catalog.address), 'node-1'),
    codec,
    file: new SnapshotFile(path, new SealedBox('configuration-snapshot', masterKey)),
    clock: systemClock,
    logger: createLogger('test', 'trace', { write: (line) => void lines.push(line) }),
    forget: (...what) => void forgotten.push(what),
    forgetProofs: () => undefined,
    onConnected: () => void (connections += 1),
    backoff: { firstMs: 20, maxMs: 100 },
    ...options,
  });
  await configuration.start();
  const until: Started['until'] = (condition) =>
    new Promise((resolve) => {
      const look = (snapshot: ConfigurationSnapshot): void => {
        if (!condition(snapshot)) return;
        unsubscribe();
        resolve(snapshot);
      };
      const unsubscribe = configuration.onChange(look);
      try {
        look(configuration.current());
      } catch {
        // There is no snapshot yet.
      }
    });
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await configuration.stop();
    client.close();
  };
  releases.push(stop);
  return { configuration, forgotten, lines, connections: () => connections, until, stop };
}

const revision = (wanted: number) => (snapshot: ConfigurationSnapshot) => snapshot.revision === wanted;

describe('configuration from the control plane', () => {
  test('arrives at the start and with every change', async () => {
    const { configuration, until, connections } = await start();
    await configuration.ready(5000);
    expect(configuration.current().organizationsByName.get('org')?.uid).toBe('uid-org');
    expect(configuration.connected).toBe(true);
    catalog.configure(snapshotOf(2));
    expect((await until(revision(2))).organizationsByName.size).toBe(0);
    expect(connections()).toBe(1);
    expect(catalog.watching).toEqual([{ node: 'node-1', knownRevision: 0, knownMark: '', acceptsUpdates: true }]);
  });

  test('throws NOT_READY until it has arrived', async () => {
    await catalog.stop();
    const { configuration } = await start();
    expect(() => configuration.current()).toThrow(expect.objectContaining({ key: 'NOT_READY' }));
    await expect(configuration.ready(50)).rejects.toMatchObject({ key: 'NOT_READY' });
    expect(configuration.connected).toBe(false);
    await catalog.start();
    await configuration.ready(5000);
  });

  test('is logged and ignored if it is invalid, until a valid one arrives', async () => {
    const { configuration, until, lines } = await start();
    await until(revision(1));
    catalog.configure(snapshotOf(2, organization('org', { proxyCache: { ...PROXY_CACHE, upstreamHost: '' } })));
    catalog.configure(snapshotOf(3));
    await until(revision(3));
    expect(
      lines.filter((line) => line.includes('an invalid configuration') && line.includes('no upstream host')),
    ).toHaveLength(1);
    expect(lines.join()).not.toContain('battery');
    expect(configuration.connected).toBe(true);
  });

  test.each(['restart', 'ended stream'])('is requested again after a %s, with the known position', async (what) => {
    const { configuration, until, connections } = await start();
    await until(revision(1));
    if (what === 'restart') await catalog.stop();
    else catalog.endStreams();
    expect(configuration.current().revision).toBe(1);
    catalog.configure(snapshotOf(5));
    if (what === 'restart') await catalog.start();
    await until(revision(5));
    expect(catalog.watching).toMatchObject([{ node: 'node-1', knownRevision: 1, knownMark: 'mark-1' }]);
    expect(connections()).toBe(2);
  });

  test('a stream is reopened if neither messages nor heartbeats arrive', async () => {
    let timers = 0;
    const clock = new TestClock(undefined, { onTimer: () => (timers += 1) });
    const { until } = await start({ silenceMs: 300, clock });
    await until(revision(1));
    for (let i = 0; i < 8; i++) {
      const before = timers;
      catalog.beat();
      // Every message sets a new timer.
      await waitUntil('the heartbeat', () => timers > before);
      clock.advance(299);
    }
    expect(catalog.count('Watch')).toBe(1);
    clock.advance(1);
    // Waits for the end of the stream, before the pause of the next attempt.
    await waitUntil('the end of the stream', () => catalog.watching.length === 0);
    await waitUntil('another stream', () => {
      clock.advance(100);
      return catalog.count('Watch') >= 2;
    });
    await catalog.until(() => catalog.count('Watch') >= 2);
    await catalog.until(() => catalog.watching.length === 1);
  });

  test('a stream without a first message is reopened', async () => {
    catalog.switches.muteWatch = true;
    const { configuration } = await start({ silenceMs: 100 });
    await catalog.until(() => catalog.count('Watch') >= 2);
    catalog.switches.muteWatch = false;
    await configuration.ready(5000);
  });

  test('has an age that updates and heartbeats of its revision end, minus the age that they report', async () => {
    const clock = TestClock.withoutTimers();
    const { configuration, forgotten, until } = await start({ clock });
    expect(configuration.ageMs).toBe(Infinity);
    await until(revision(1));
    expect(configuration.ageMs).toBe(0);
    clock.advance(25_000);
    expect(configuration.ageMs).toBe(25_000);
    const beat = async (message: WatchReply): Promise<void> => {
      catalog.send(message);
      // An invalidation that was sent later has arrived, so the heartbeat has too.
      const before = forgotten.length;
      catalog.invalidate({ organizationUid: 'u' });
      await waitUntil('the invalidation', () => forgotten.length > before);
    };
    await beat({ heartbeat: { revision: 2 } });
    expect(configuration.ageMs).toBe(25_000);
    await beat({ heartbeat: { revision: 1 }, ageMs: 4_000 });
    expect(configuration.ageMs).toBe(4_000);
    catalog.configure(snapshotOf(2));
    await until(revision(2));
    expect(configuration.ageMs).toBe(0);
  });

  test('stop ends the stream', async () => {
    const { until, stop } = await start();
    await until(revision(1));
    await stop();
    await catalog.until(() => catalog.watching.length === 0);
  });
});

describe('forgetting', () => {
  test('forgets the content of an invalidation', async () => {
    const { forgotten, until } = await start();
    await until(revision(1));
    catalog.invalidate({ organizationUid: 'u', repository: 'r', tag: 't' });
    catalog.configure(snapshotOf(2, organization('org')));
    await until(revision(2));
    expect(forgotten).toEqual([['u', 'r', 't', '']]);
  });

  test('forgets an organization that was removed, recreated or got another upstream, but not new credentials', async () => {
    const change = (originVersion: string, credentialVersion: string) => ({
      proxyCache: { ...PROXY_CACHE, mirrorHost: '', originVersion, credentialVersion },
    });
    catalog.configure(
      snapshotOf(
        1,
        organization('gone'),
        organization('anew'),
        organization('moved', change('o1', 'c1')),
        organization('rotated', change('o1', 'c1')),
      ),
    );
    const { forgotten, until, stop } = await start();
    await until(revision(1));
    catalog.configure(
      snapshotOf(
        2,
        organization('anew', { uid: 'uid-2' }),
        organization('moved', change('o2', 'c1')),
        organization('rotated', change('o1', 'c2')),
      ),
    );
    await until(revision(2));
    expect(forgotten.map(([uid]) => uid).sort()).toEqual(['uid-anew', 'uid-gone', 'uid-moved']);

    // Changes during a downtime of this data plane have the same effect.
    await stop();
    catalog.configure(snapshotOf(3, organization('rotated', change('o1', 'c2'))));
    const again = await start();
    await again.until(revision(3));
    expect(again.forgotten.map(([uid]) => uid).sort()).toEqual(['uid-2', 'uid-moved']);
  });

  test('end the proofs of identities that no organization has any more', async () => {
    const identities = ['shared', 'of one', 'of two'];
    const gone: string[][] = [];
    const forgetProofs = (isGone: (identity: string) => boolean): void => void gone.push(identities.filter(isGone));
    const has = (...upstreamIdentities: string[]) => ({
      proxyCache: { ...PROXY_CACHE, mirrorHost: '', upstreamIdentities },
    });
    const [one, two] = [organization('one', has('of one', 'shared')), organization('two', has('of two', 'shared'))];
    catalog.configure(snapshotOf(1, one, two));
    const first = await start({ forgetProofs });
    await first.until(revision(1));
    expect(gone).toEqual([[]]);
    // Other changes do not look at proofs at all.
    catalog.configure(snapshotOf(2, one, two, organization('three', has('of one'))));
    await first.until(revision(2));
    catalog.configure(snapshotOf(3, organization('one', has('anonymous')), two, organization('three', has('of one'))));
    await first.until(revision(3));
    expect(gone).toEqual([[]]);
    catalog.configure(snapshotOf(4, organization('one', has('anonymous')), two));
    await first.until(revision(4));
    expect(gone).toEqual([[], ['of one']]);
    await first.stop();
    // What ended during a downtime is found when the configuration is read.
    gone.length = 0;
    catalog.configure(snapshotOf(5, organization('one', has('anonymous'))));
    const again = await start({ forgetProofs });
    await again.until(revision(5));
    expect(gone.at(-1)).toEqual(identities);
  });
});

describe('updates', () => {
  const host = (mirrorHost: string) => ({ proxyCache: { ...PROXY_CACHE, mirrorHost } });
  const three = () => snapshotOf(1, organization('a'), organization('b'), organization('c'));

  test('replace only changed organizations, and pass the changes to listeners', async () => {
    catalog.configure(three());
    const { configuration, until } = await start();
    const { organizationsByName: before } = await until(revision(1));
    const kept = before.get('a');
    const changes: ConfigurationChange[] = [];
    configuration.onChange((_, change) => changes.push(change));
    catalog.configure(snapshotOf(2, organization('a'), organization('b', { visibility: 'PUBLIC' }), organization('d')));
    const { organizationsByName, organizationsByMirrorHost } = await until(revision(2));
    expect([...organizationsByName.keys()].sort()).toEqual(['a', 'b', 'd']);
    expect([...organizationsByMirrorHost.keys()].sort()).toEqual(['a.example', 'b.example', 'd.example']);
    expect(organizationsByName.get('a')).toBe(kept);
    expect(organizationsByName.get('b')?.visibility).toBe('PUBLIC');
    expect(organizationsByMirrorHost.get('b.example')).toBe(organizationsByName.get('b'));
    expect(changes).toMatchObject([{ changed: ['uid-b', 'uid-d'], removed: ['uid-c'] }]);
  });

  test('contain the settings and token keys', async () => {
    const { configuration, until } = await start();
    await until(revision(1));
    const next = { ...snapshotOf(2, organization('org')), settings: { proxyCacheEnabled: false } };
    catalog.configure(next);
    await until(revision(2));
    expect(configuration.current()).toMatchObject({ proxyCacheEnabled: false });
    expect(configuration.current().tokenKeys).toEqual(next.tokenKeys);
  });

  test('move a mirror host and a name from one organization to another', async () => {
    catalog.configure(snapshotOf(1, organization('a', host('one.example')), organization('b', host('two.example'))));
    const { until } = await start();
    await until(revision(1));
    catalog.configure(
      snapshotOf(
        2,
        organization('a', host('two.example')),
        organization('b', host('one.example')),
        organization('c', { uid: 'new', ...host('') }),
      ),
    );
    const second = await until(revision(2));
    const ownersOf = (snapshot: ConfigurationSnapshot) =>
      [...snapshot.organizationsByMirrorHost].map(([mirror, { name }]) => `${mirror} ${name}`).sort();
    expect(ownersOf(second)).toEqual(['one.example b', 'two.example a']);
    catalog.configure(snapshotOf(3, organization('c', { uid: 'newer', ...host('one.example') })));
    const third = await until(revision(3));
    expect(ownersOf(third)).toEqual(['one.example c']);
    expect([...third.organizationsByName.values()].map(({ uid }) => uid)).toEqual(['newer']);
  });

  test('are applied when their last part has arrived', async () => {
    const { configuration, until, forgotten } = await start();
    await until(revision(1));
    const update = updateOf(three());
    const [a, b, c] = update.organizations!;
    catalog.send({ update: { ...update, revision: 2, organizations: [a!, b!], last: false } });
    catalog.invalidate({ organizationUid: 'after the part' });
    await waitUntil('the invalidation', () => forgotten.length > 0);
    expect(configuration.current().revision).toBe(1);
    catalog.send({ update: { ...update, revision: 2, organizations: [c!] } });
    expect([...(await until(revision(2))).organizationsByName.keys()]).toEqual(['a', 'b', 'c']);
  });

  test('that a stream did not finish are discarded, and requested again from the current position', async () => {
    const { configuration, until, forgotten } = await start();
    await until(revision(1));
    const update = updateOf(three());
    catalog.send({ update: { ...update, revision: 2, organizations: update.organizations!.slice(0, 1), last: false } });
    catalog.invalidate({ organizationUid: 'after the part' });
    await waitUntil('the invalidation', () => forgotten.length > 0);
    catalog.endStreams();
    await catalog.until(() => catalog.count('Watch') === 2 && catalog.watching.length === 1);
    expect(catalog.watching).toMatchObject([{ knownRevision: 1, knownMark: 'mark-1' }]);
    expect([...configuration.current().organizationsByName.keys()]).toEqual(['org']);
    catalog.configure(snapshotOf(3, organization('x')));
    expect([...(await until(revision(3))).organizationsByName.keys()]).toEqual(['x']);
  });

  test('from another revision than the current one cause a request for a full snapshot', async () => {
    const { until, lines } = await start();
    await until(revision(1));
    catalog.send({ update: { ...updateOf(three()), fromRevision: 4, revision: 5, mark: 'mark-5' } });
    await catalog.until(() => catalog.count('Watch') === 2 && catalog.watching.length === 1);
    expect(catalog.watching).toMatchObject([{ knownRevision: 0, knownMark: '' }]);
    expect(lines.filter((line) => line.includes('another revision'))).toHaveLength(1);
    catalog.configure(three());
    expect((await until(({ organizationsByName }) => organizationsByName.size === 3)).revision).toBe(1);
  });

  test.each<[string, Partial<ConfigurationUpdate>, string]>([
    ['an organization is invalid', { organizations: [organization('x', host('')), organization('')] }, 'no uid'],
    [
      'a mirror host belongs to another',
      { organizations: [organization('x', host('A.example'))] },
      'two organizations',
    ],
    ['a name belongs to another', { organizations: [organization('a', { uid: 'other' })] }, 'occurs twice'],
    ['an organization is both changed and removed', { removedUids: ['uid-b'] }, 'a uid that occurs twice'],
  ])('are rejected as a whole if %s', async (_, bad, reason) => {
    catalog.configure(three());
    const { configuration, until, lines } = await start();
    const before = await until(revision(1));
    const all = [...before.organizationsByName];
    const update = updateOf(snapshotOf(2, organization('b', { visibility: 'PUBLIC' })), three());
    catalog.send({
      update: {
        ...update,
        removedUids: [],
        ...bad,
        organizations: [...update.organizations!, ...(bad.organizations ?? [])],
      },
    });
    await catalog.until(() => catalog.count('Watch') === 2);
    expect(configuration.current()).toBe(before);
    expect([...before.organizationsByName]).toEqual(all);
    expect(lines.filter((line) => line.includes('an invalid configuration') && line.includes(reason))).toHaveLength(1);
    expect(catalog.watching).toMatchObject([{ knownRevision: 0 }]);
  });

  test('that are rejected repeatedly are logged less and less often', async () => {
    catalog.configure(snapshotOf(1, organization('')));
    const { lines, until } = await start({ backoff: { firstMs: 1, maxMs: 2 } });
    await catalog.until(() => catalog.count('Watch') >= 9);
    const logged = lines.filter((line) => line.includes('an invalid configuration')).length;
    expect(logged).toBeLessThan(6);
    catalog.configure(three());
    await until(revision(1));
  });

  test('can come as snapshots, from a control plane of an earlier version', async () => {
    catalog.switches.sendsSnapshots = true;
    const { until, forgotten } = await start();
    await until(revision(1));
    catalog.configure(snapshotOf(2, organization('other')));
    expect([...(await until(revision(2))).organizationsByName.keys()]).toEqual(['other']);
    expect(forgotten).toEqual([['uid-org', '', '', '']]);
    catalog.switches.sendsSnapshots = false;
    catalog.endStreams();
    await catalog.until(() => catalog.count('Watch') === 2 && catalog.watching.length === 1);
    expect(catalog.watching).toMatchObject([{ knownRevision: 2, knownMark: '' }]);
  });
});

describe('configuration on disk', () => {
  test('serves the last valid configuration unchanged while the control plane is down', async () => {
    const first = await start();
    const before = await first.until(revision(1));
    await first.stop();
    await catalog.stop();
    const { configuration } = await start();
    expect(configuration.current()).toEqual(before);
    expect(configuration.connected).toBe(false);
  });

  test('contains every change, and a restart continues from it', async () => {
    const first = await start();
    await first.until(revision(1));
    for (let n = 2; n <= 9; n += 1)
      catalog.configure(snapshotOf(n, organization('org'), organization(`o${n % 3}`), organization(`p${n}`)));
    const before = await first.until(revision(9));
    await first.stop();
    await catalog.stop();
    const again = await start();
    expect(again.configuration.current()).toEqual(before);
    await catalog.start();
    await again.until(() => again.configuration.connected);
    await catalog.until(() => catalog.watching.length === 1);
    expect(catalog.watching).toMatchObject([{ knownRevision: 9, knownMark: 'mark-9' }]);
  });

  test('of another version is used until a full snapshot has arrived', async () => {
    const first = await start({ codec: { ...codec, format: 'of another version' } });
    const before = await first.until(revision(1));
    await first.stop();
    await catalog.stop();
    const again = await start();
    expect(again.configuration.current().organizationsByName).toEqual(before.organizationsByName);
    await catalog.start();
    await catalog.until(() => catalog.watching.length === 1);
    expect(catalog.watching).toMatchObject([{ knownRevision: 0, knownMark: '' }]);
  });

  test('is written at most once a second, with the newest state', async () => {
    const clock = new TestClock();
    const file = new SnapshotFile(path, new SealedBox('configuration-snapshot', masterKey));
    let saves = 0;
    const counting = {
      load: () => file.load(),
      save: (plain: Buffer) => file.save(plain).finally(() => (saves += 1)),
    } as SnapshotFile;
    const { until, stop } = await start({ clock, file: counting });
    await until(revision(1));
    while (saves < 1) await new Promise((resolve) => setImmediate(resolve));
    for (let n = 2; n <= 6; n += 1) {
      catalog.configure(snapshotOf(n, organization('org')));
      await until(revision(n));
    }
    expect(saves).toBe(1);
    clock.advance(1000);
    while (saves < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(codec.decode((await file.load())!).revision).toBe(6);
    catalog.configure(snapshotOf(7, organization('org')));
    await until(revision(7));
    await stop();
    expect(saves).toBe(3);
    expect(codec.decode((await file.load())!)).toMatchObject({ revision: 7, mark: 'mark-7' });
  });

  test('keeps the time of the last confirmation, which a restart does not renew', async () => {
    const clock = TestClock.withoutTimers();
    const first = await start({ clock });
    await first.until(revision(1));
    await first.stop();
    clock.advance(40_000);
    const second = await start({ clock });
    await second.until(revision(1));
    await waitUntil('the confirmation', () => second.configuration.ageMs === 0);
    clock.advance(60_000);
    catalog.beat();
    await waitUntil('the heartbeat', () => second.configuration.ageMs === 0);
    await second.stop();
    await catalog.stop();
    const later = new TestClock(clock.now() + 5_000);
    const third = await start({ clock: later });
    expect(third.configuration.ageMs).toBe(5_000);
    await third.configuration.ready(100, 5_000);
    const younger = third.configuration.ready(100, 4_000);
    later.advance(100);
    await expect(younger).rejects.toMatchObject({ key: 'NOT_READY' });
    await catalog.start();
  });

  test('is sealed, complete, and readable by its owner only', async () => {
    const { until, stop } = await start();
    await until(revision(1));
    await stop();
    const bytes = readFileSync(path);
    const { secret } = (await start()).configuration.current().tokenKeys[0]!;
    for (const part of ['battery', 'quay.io', 'org', secret]) expect(bytes.includes(part)).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['configuration.sealed']);
  });

  test('is not rewritten if nothing changed', async () => {
    const { until, stop } = await start();
    await until(revision(1));
    await stop();
    const { ino } = statSync(path);
    const again = await start();
    await waitUntil('the connection', () => again.configuration.connected);
    await again.stop();
    expect(statSync(path).ino).toBe(ino);
  });

  test('is opened with a previous master key and resealed with the present one', async () => {
    const [old, now] = [masterKey, randomBytes(32)];
    const file = (...keys: [Buffer, ...Buffer[]]): SnapshotFile =>
      new SnapshotFile(path, new SealedBox('configuration-snapshot', keys[0], keys.slice(1)));
    await file(old).save(Buffer.from('kept'));
    await expect(file(now).load()).rejects.toMatchObject({ name: 'SealedBoxError' });
    expect((await file(now, old).load())?.toString()).toBe('kept');
    expect((await file(now).load())?.toString()).toBe('kept');
  });

  test.each(['another master key', 'a changed file', 'an invalid snapshot'])(
    'is ignored with a warning after %s',
    async (what) => {
      const first = await start();
      await first.until(revision(1));
      await first.stop();
      await catalog.stop();
      if (what === 'another master key') masterKey = randomBytes(32);
      if (what === 'a changed file') writeFileSync(path, readFileSync(path).fill(1, 40, 41));
      if (what === 'an invalid snapshot') {
        const file = new SnapshotFile(path, new SealedBox('configuration-snapshot', masterKey));
        await file.save(encodeSnapshot(codec, snapshotOf(1, organization(''))));
      }
      const { configuration, lines } = await start();
      expect(() => configuration.current()).toThrow(expect.objectContaining({ key: 'NOT_READY' }));
      expect(lines.filter((line) => line.includes('cannot be used'))).toHaveLength(1);
      await catalog.start();
      await configuration.ready(5000);
    },
  );
});
