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
import type { ConfigurationSnapshot } from '../../../../data-plane/src/configuration/configuration';
import { FakeCatalog } from '../../../support/fake-catalog';
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
  /** Resolves with the next snapshot for which it holds, or the current one. */
  until(condition: (snapshot: ConfigurationSnapshot) => boolean): Promise<ConfigurationSnapshot>;
  stop(): Promise<void>;
}

async function start(options: Partial<ConfigurationOptions> = {}): Promise<Started> {
  const forgotten: (readonly string[])[] = [];
  const lines: string[] = [];
  let connections = 0;
  const client = createCatalogClient(catalog.address);
  const configuration = createConfiguration({
    watch: createGrpcConfigurationWatch(client, 'node-1'),
    codec,
    file: new SnapshotFile(path, new SealedBox('configuration-snapshot', masterKey)),
    clock: systemClock,
    logger: createLogger('test', 'trace', { write: (line) => void lines.push(line) }),
    forget: (...what) => void forgotten.push(what),
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
        // None yet.
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

describe('from the control plane', () => {
  test('comes at once, and again with every change', async () => {
    const { configuration, until, connections } = await start();
    await configuration.ready(5000);
    expect(configuration.current().organizationsByName.get('org')?.uid).toBe('uid-org');
    expect(configuration.connected).toBe(true);
    catalog.configure(snapshotOf(2));
    expect((await until(revision(2))).organizationsByName.size).toBe(0);
    expect(connections()).toBe(1);
    expect(catalog.watching).toEqual([{ node: 'node-1', knownRevision: 0, knownMark: '', acceptsUpdates: true }]);
  });

  test('none yet: NOT_READY', async () => {
    await catalog.stop();
    const { configuration } = await start();
    expect(() => configuration.current()).toThrow(expect.objectContaining({ key: 'NOT_READY' }));
    await expect(configuration.ready(50)).rejects.toMatchObject({ key: 'NOT_READY' });
    expect(configuration.connected).toBe(false);
    await catalog.start();
    await configuration.ready(5000);
  });

  test('a bad one is logged and ignored; the last good one stays, and the next good one is taken', async () => {
    const { configuration, until, lines } = await start();
    await until(revision(1));
    catalog.configure(snapshotOf(2, organization('org', { proxyCache: { ...PROXY_CACHE, upstreamHost: '' } })));
    catalog.configure(snapshotOf(3));
    await until(revision(3));
    expect(lines.filter((line) => line.includes('not valid') && line.includes('no upstream host'))).toHaveLength(1);
    expect(lines.join()).not.toContain('battery');
    expect(configuration.connected).toBe(true);
  });

  test.each(['restart', 'ended stream'])('after a %s it is asked for again, with what is known', async (what) => {
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

  test('a silent stream is given up; heartbeats keep it', async () => {
    const { until } = await start({ silenceMs: 300 });
    await until(revision(1));
    for (let i = 0; i < 8; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      catalog.beat();
    }
    expect(catalog.count('Watch')).toBe(1);
    await catalog.until(() => catalog.count('Watch') >= 2);
    await catalog.until(() => catalog.watching.length === 1);
  });

  test('a stream that never says anything is given up as well', async () => {
    catalog.switches.muteWatch = true;
    const { configuration } = await start({ silenceMs: 100 });
    await catalog.until(() => catalog.count('Watch') >= 2);
    catalog.switches.muteWatch = false;
    await configuration.ready(5000);
  });

  test('stop ends the stream', async () => {
    const { until, stop } = await start();
    await until(revision(1));
    await stop();
    await catalog.until(() => catalog.watching.length === 0);
  });
});

describe('forgetting', () => {
  test('an invalidation is passed on', async () => {
    const { forgotten, until } = await start();
    await until(revision(1));
    catalog.invalidate({ organizationUid: 'u', repository: 'r', tag: 't' });
    catalog.configure(snapshotOf(2, organization('org')));
    await until(revision(2));
    expect(forgotten).toEqual([['u', 'r', 't', '']]);
  });

  test('an organization that is gone, made anew, or of another upstream; not one with other credentials', async () => {
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

    // The same across a restart: what changed while this data plane was down.
    await stop();
    catalog.configure(snapshotOf(3, organization('rotated', change('o1', 'c2'))));
    const again = await start();
    await again.until(revision(3));
    expect(again.forgotten.map(([uid]) => uid).sort()).toEqual(['uid-2', 'uid-moved']);
  });
});

describe('on disk', () => {
  test('the last good one is there when the control plane is down, byte for byte', async () => {
    const first = await start();
    const before = await first.until(revision(1));
    await first.stop();
    await catalog.stop();
    const { configuration } = await start();
    expect(configuration.current()).toEqual(before);
    expect(configuration.connected).toBe(false);
  });

  test('is sealed, whole, and the owner’s only', async () => {
    const { until, stop } = await start();
    await until(revision(1));
    await stop();
    const bytes = readFileSync(path);
    const { secret } = (await start()).configuration.current().tokenKeys[0]!;
    for (const part of ['battery', 'quay.io', 'org', secret]) expect(bytes.includes(part)).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['configuration.sealed']);
  });

  test('is not written again when nothing changed', async () => {
    const { until, stop } = await start();
    await until(revision(1));
    await stop();
    const { ino } = statSync(path);
    const again = await start();
    while (!again.configuration.connected) await new Promise((resolve) => setTimeout(resolve, 5));
    await again.stop();
    expect(statSync(path).ino).toBe(ino);
  });

  test('a previous master key opens it; from then on the present one does', async () => {
    const [old, now] = [masterKey, randomBytes(32)];
    const file = (...keys: [Buffer, ...Buffer[]]): SnapshotFile =>
      new SnapshotFile(path, new SealedBox('configuration-snapshot', keys[0], keys.slice(1)));
    await file(old).save(Buffer.from('kept'));
    await expect(file(now).load()).rejects.toMatchObject({ name: 'SealedBoxError' });
    expect((await file(now, old).load())?.toString()).toBe('kept');
    expect((await file(now).load())?.toString()).toBe('kept');
  });

  test.each(['another master key', 'a changed file', 'a bad snapshot'])('%s: ignored, and said so', async (what) => {
    const first = await start();
    await first.until(revision(1));
    await first.stop();
    await catalog.stop();
    if (what === 'another master key') masterKey = randomBytes(32);
    if (what === 'a changed file') writeFileSync(path, readFileSync(path).fill(1, 40, 41));
    if (what === 'a bad snapshot') {
      const file = new SnapshotFile(path, new SealedBox('configuration-snapshot', masterKey));
      await file.save(encodeSnapshot(codec, snapshotOf(1, organization(''))));
    }
    const { configuration, lines } = await start();
    expect(() => configuration.current()).toThrow(expect.objectContaining({ key: 'NOT_READY' }));
    expect(lines.filter((line) => line.includes('cannot be used'))).toHaveLength(1);
    await catalog.start();
    await configuration.ready(5000);
  });
});
