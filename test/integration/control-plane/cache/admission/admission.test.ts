import { setImmediate as nextTurn } from 'node:timers/promises';
import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { CacheWorld } from '../../../../support/control-plane/cache-world';
import { dumpTables } from '../../../../support/control-plane/open-tables';

let world: CacheWorld;
let acme: TestRepository;

beforeEach(async () => {
  world = await CacheWorld.start();
});
afterEach(() => world.end());

async function organization(quota: object | undefined): Promise<void> {
  acme = await world.plane.organization('acme', {}, quota === undefined ? {} : { quota });
}

describe('32 concurrent admissions with room for ten', () => {
  const LIMIT = 10_000;

  async function admitAll(): Promise<{ readonly decisions: readonly string[]; readonly most: number }> {
    let running = true;
    let most = 0;
    const sample = (async () => {
      while (running) {
        most = Math.max(most, await world.bytes());
        await nextTurn();
      }
    })();
    const replies = await Promise.all(
      Array.from({ length: 32 }, (_, n) =>
        world.admit(acme, `image ${n}`, { [`layer ${n}`]: 900 }, { tag: `t${n}`, repository: repositoryOf(n) }),
      ),
    );
    running = false;
    await sample;
    return { decisions: replies.map(({ decision }) => decision), most };
  }
  const repositoryOf = (n: number): TestRepository => ({ ...acme, repository: `library/app${n % 3}` });

  test('admits ten with autoPrune off and passes the others through', async () => {
    await organization({ limitBytes: LIMIT, autoPrune: false });
    const { decisions, most } = await admitAll();
    expect(decisions.filter((it) => it === 'ADMITTED')).toHaveLength(10);
    expect(decisions.filter((it) => it === 'PASS_THROUGH')).toHaveLength(22);
    expect(most).toBeLessThanOrEqual(LIMIT);
    expect(await world.usage()).toMatchObject({ used: 1000, reserved: 9000, manifests: 10, blobs: 0 });
    expect(await world.events('QUOTA_REFUSED')).toHaveLength(22);
  });

  test('does not evict just requested images for others with autoPrune on', async () => {
    await organization({ limitBytes: LIMIT });
    const { decisions, most } = await admitAll();
    // All of them are being pulled: their blobs have not arrived.
    expect(decisions.filter((it) => it === 'ADMITTED')).toHaveLength(10);
    expect(most).toBeLessThanOrEqual(LIMIT);
    expect(await world.events('QUOTA_EVICTED')).toEqual([]);
  });

  test('admits ten by evicting ten old images, and never holds more than the limit', async () => {
    await organization({ limitBytes: LIMIT });
    for (let n = 0; n < 10; n++) await world.cache(acme, `old ${n}`, { [`old layer ${n}`]: 900 }, `old${n}`);
    world.advance(60_000);
    // Reservations of blobs that nobody fills would end before an image is evicted.
    const uses = Array.from({ length: 32 }, (_, n) => ({
      ...repositoryOf(n),
      digest: digest(`layer ${n}`),
      startedAt: world.now,
    }));
    await world.plane.catalog.call('ReportUse', { node: 'one', uses });
    const { decisions, most } = await admitAll();
    expect(decisions.filter((it) => it === 'ADMITTED')).toHaveLength(10);
    expect(most).toBe(LIMIT);
    expect(await world.events('QUOTA_EVICTED')).toHaveLength(10);
    expect(await world.bytes()).toBe(LIMIT);
  });
});

describe('content that does not fit', () => {
  const policies = ['PASS_THROUGH', 'OVERFLOW', 'REJECT'] as const;
  const reasons = [
    ['larger than the limit', 'LARGER_THAN_LIMIT', true, 4000, 'the image is larger than the whole limit'],
    ['with autoPrune off', 'NO_AUTO_PRUNE', false, 900, 'autoPrune is off, so no images are evicted to make room'],
    [
      'with everything in use',
      'NOTHING_TO_EVICT',
      true,
      900,
      'the images that could be evicted are in use or too small',
    ],
  ] as const;

  describe.each(reasons)('%s', (_what, reason, autoPrune, layerBytes, words) => {
    beforeEach(async () => {
      await organization({ limitBytes: 3000, autoPrune });
      await world.cache(acme, 'a', { 'a layer': 900 });
      await world.cache(acme, 'b', { 'b layer': 1500 });
    });
    const admitBig = () =>
      world.admit(
        acme,
        'big',
        { 'big layer': layerBytes },
        {
          tag: 'big',
          inUse: ['a', 'b'].map((name) => ({
            organizationUid: acme.organizationUid,
            repository: acme.repository,
            digest: digest(`${name} layer`),
            startedAt: world.now,
          })),
        },
      );

    test.each(policies)('%s', async (onOversize) => {
      await world.update({ quota: { limitBytes: 3000, autoPrune, onOversize } });
      const before = await dumpTables(world.plane, ['audit_events', 'blobs']);
      const reply = await admitBig();
      if (onOversize === 'OVERFLOW') {
        expect(reply.decision).toBe('ADMITTED');
        expect(await world.bytes()).toBe(2600 + 100 + layerBytes);
        expect(await world.tagNames()).toEqual(['a', 'b', 'big']);
        expect(await world.events('QUOTA_REFUSED', 'QUOTA_EVICTED')).toEqual([]);
        return;
      }
      expect(reply.decision).toBe(onOversize === 'REJECT' ? 'REJECTED' : 'PASS_THROUGH');
      expect(reply.refusal).toEqual(
        onOversize === 'PASS_THROUGH'
          ? null
          : {
              message:
                `Quota has been exceeded on namespace acme: the image has ${layerBytes + 100} bytes, ` +
                `the limit is 3000, 2600 are in use; ${words}`,
              limitBytes: 3000,
              usedBytes: 2600,
              neededBytes: layerBytes + 100,
            },
      );
      // Only the bytes of the refused manifest are recorded, because the data plane has stored
      // them. They are collected later.
      expect(await dumpTables(world.plane, ['audit_events', 'blobs'])).toBe(before);
      expect(await world.rows('blobs', { digest: digest('big') })).toMatchObject([{ holders: 0, state: 'PRESENT' }]);
      const events = await world.events('QUOTA_REFUSED', 'QUOTA_EVICTED', 'QUOTA_WARNING');
      expect(events).toMatchObject([
        {
          kind: 'QUOTA_REFUSED',
          organization: 'acme',
          repository: 'library/app',
          reference: 'big',
          digest: digest('big'),
          actor: 'system',
          detail: {
            reason,
            policy: onOversize,
            limitBytes: '3000',
            usedBytes: '2600',
            neededBytes: String(layerBytes + 100),
          },
        },
      ]);
    });
  });

  test('a refusal moves no tag and keeps the existing version', async () => {
    await organization({ limitBytes: 1000, onOversize: 'REJECT' });
    await world.cache(acme, 'v1', { 'v1 layer': 900 }, 'latest');
    expect((await world.admit(acme, 'v2', { 'v2 layer': 2000 })).decision).toBe('REJECTED');
    expect((await world.lookup(acme, 'latest'))?.manifest?.digest).toBe(digest('v1'));
  });

  test('content that is already held costs nothing, even above the limit', async () => {
    await organization({ limitBytes: 3000, autoPrune: false, onOversize: 'REJECT' });
    await world.cache(acme, 'a', { base: 2000 });
    await world.update({ quota: { limitBytes: 500, autoPrune: false, onOversize: 'REJECT' } });
    expect((await world.admit(acme, 'a', { base: 2000 }, { tag: 'again' })).decision).toBe('ADMITTED');
    expect((await world.admit(acme, 'b', { base: 2000 }, { tag: 'b' })).decision).toBe('REJECTED');
    expect(await world.tagNames()).toEqual(['a', 'again']);
  });

  test('nothing is refused or evicted while quotas are off, and turning them on evicts down to the limit', async () => {
    await world.plane.ask('mutation { updateSystemSettings(input: {quotaManagementEnabled: false}) { version } }');
    await organization({ limitBytes: 2000, onOversize: 'REJECT', warningPercent: 50 });
    for (const name of ['a', 'b', 'c', 'd']) {
      world.advance(60_000);
      await world.cache(acme, name, { [`${name} layer`]: 900 });
    }
    expect(await world.bytes()).toBe(4000);
    expect(await world.events('QUOTA_REFUSED', 'QUOTA_EVICTED', 'QUOTA_WARNING')).toEqual([]);
    await world.plane.ask('mutation { updateSystemSettings(input: {quotaManagementEnabled: true}) { version } }');
    expect(await world.bytes()).toBe(2000);
    expect(await world.tagNames()).toEqual(['c', 'd']);
  });
});

describe('a lowered limit', () => {
  beforeEach(async () => {
    await organization({ limitBytes: 10_000 });
    for (const name of ['a', 'b', 'c', 'd']) {
      world.advance(60_000);
      await world.cache(acme, name, { [`${name} layer`]: 900 });
    }
  });

  test('is enforced at once with autoPrune, in eviction order', async () => {
    await world.pull(acme, 'a');
    await world.update({ quota: { limitBytes: 2500 } });
    expect(await world.tagNames()).toEqual(['a', 'd']);
    const [event] = await world.events('QUOTA_EVICTED');
    expect(event?.detail).toMatchObject({ madeRoomFor: 'a limit below the usage', limitBytes: '2500' });
  });

  test('evicts nothing and admits nothing without autoPrune', async () => {
    await world.update({ quota: { limitBytes: 2500, autoPrune: false } });
    expect(await world.bytes()).toBe(4000);
    expect((await world.admit(acme, 'e', { 'e layer': 100 }, { tag: 'e' })).decision).toBe('PASS_THROUGH');
    // Turning autoPrune on enforces it.
    await world.update({ quota: { limitBytes: 2500, autoPrune: true } });
    expect(await world.bytes()).toBe(2000);
  });

  test('spares images in use and evicts them when they are no longer in use', async () => {
    world.advance(60_000);
    await world.pull(acme, 'a');
    await world.plane.catalog.call('ReportUse', {
      node: 'one',
      uses: [
        {
          organizationUid: acme.organizationUid,
          repository: 'library/app',
          digest: digest('a layer'),
          startedAt: world.now,
        },
      ],
    });
    await world.update({ quota: { limitBytes: 500 } });
    expect(await world.tagNames()).toEqual(['a']);
    world.advance(31_000);
    await world.collect();
    expect(await world.tagNames()).toEqual([]);
    expect(await world.bytes()).toBe(0);
  });

  test('changes nothing when it is raised or removed', async () => {
    await world.update({ quota: { limitBytes: 20_000 } });
    await world.update({ quota: null });
    expect(await world.bytes()).toBe(4000);
    expect(await world.events('QUOTA_EVICTED')).toEqual([]);
  });
});
