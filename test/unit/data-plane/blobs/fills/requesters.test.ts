import { type Clock, systemClock } from '../../../../../common/runtime/clock';
import type { FilledBlob } from '../../../../../data-plane/src/blobs/fills/requesters';
import { FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { bytes, type FillSetup, setUpFills, until } from '../../../../support/data-plane/fills/fill-setup';

const MIB = 1024 * 1024;
const FROM = { upstreamRepository: 'team/app' };
const ownerOf = (organizationUid: string) => ({ organizationUid, identities: ['anonymous:registry.example'] });

describe('the requesters of a fill', () => {
  let setup: FillSetup;
  let upstream: FakeUpstream;
  let end: Gate;
  const filled: FilledBlob[] = [];
  let report = (): Promise<void> => Promise.resolve();
  beforeEach(async () => {
    filled.length = 0;
    report = () => Promise.resolve();
    setup = await setUpFills({
      limits: { perUpstream: 1 },
      onFilled: async (blob) => {
        filled.push(blob);
        await report();
      },
    });
    end = new Gate();
    upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: end.passed } }]);
  });
  afterEach(() => setup.dispose());

  const repositories = (): string[] =>
    setup.uses.list(10).map(({ organizationUid, repository }) => `${organizationUid}/${repository}`);

  it('are reported once per organization when the blob is stored, also if they left', async () => {
    const asks = [
      upstream.request({ owner: 'one', repository: 'a' }),
      upstream.request({ owner: 'one', repository: 'b' }),
      upstream.request({ owner: 'two', repository: 'a' }),
    ];
    for (const ask of asks) await (await setup.fills.open(ask)).close();
    expect(repositories().sort()).toEqual(['one/a', 'one/b', 'two/a']);
    expect(filled).toEqual([]);
    end.open();
    await until(() => repositories().length === 0);
    expect(filled).toEqual([{ digest: upstream.digest, size: MIB, owners: ['one', 'two'].map(ownerOf), ...FROM }]);
  });

  it('keep the blob in use until the report is done, and completion waits for the report', async () => {
    const reported = new Gate();
    report = () => reported.passed;
    let complete = false;
    const completing = setup.fills.complete(upstream.request()).then(() => (complete = true));
    end.open();
    await until(() => filled.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect([complete, repositories()]).toEqual([false, ['organization/team/app']]);
    reported.open();
    await completing;
    expect(repositories()).toEqual([]);
  });

  it('get their blob if the report fails', async () => {
    report = () => Promise.reject(new Error('no report'));
    end.open();
    await setup.fills.complete(upstream.request());
    expect(await setup.stored.stat(upstream.digest)).toBe(MIB);
  });

  it('include a request that expects another size, and report the size of the blob', async () => {
    const reader = await setup.fills.open(upstream.request({ owner: 'one' }));
    const opening = setup.fills.open(upstream.request({ owner: 'two', expectedSize: 5 }));
    end.open();
    await (await opening).close();
    await reader.close();
    await until(() => filled.length === 1);
    expect(filled).toEqual([{ digest: upstream.digest, size: MIB, owners: [ownerOf('one'), ownerOf('two')], ...FROM }]);
  });

  it('are followed only by requests of their own organization once the fill continues without its clients', async () => {
    const follow = (owner: string): boolean => setup.fills.follow(upstream.request({ owner, repository: 'b' }));
    const blocking = new FakeUpstream(bytes(1000, 'blocking'), [{ waitFor: end.passed }]);
    const first = setup.fills.complete(blocking.request());
    await until(() => blocking.offsets.length === 1);
    const client = new AbortController();
    const waiting = setup.fills.open(upstream.request({ owner: 'one' }), client.signal);
    const left = expect(waiting).rejects.toMatchObject({ key: 'CANCELLED' });
    await until(() => setup.fills.counts().waiting === 1);
    // The fill would leave the queue with its client.
    expect(follow('one')).toBe(false);
    const background = setup.fills.complete(upstream.request({ owner: 'one', priority: 'background' }));
    client.abort();
    await left;
    expect([follow('one'), follow('two')]).toEqual([true, false]);
    end.open();
    await Promise.all([first, background]);
    expect(filled).toContainEqual({ digest: upstream.digest, size: MIB, owners: [ownerOf('one')], ...FROM });
    expect(follow('one')).toBe(false);
  });

  it('go before the background if they wait urgently, like clients', async () => {
    const blocking = new FakeUpstream(bytes(1000, 'blocking'), [{ waitFor: end.passed }]);
    const queued = new FakeUpstream(bytes(1000, 'queued'));
    const first = setup.fills.complete(blocking.request());
    await until(() => blocking.offsets.length === 1);
    const background = setup.fills.complete(queued.request({ priority: 'background' }));
    await until(() => setup.fills.counts().waiting === 1);
    const never = new Gate();
    const urgent = new FakeUpstream(bytes(1000, 'urgent'), [{ waitFor: never.passed }]);
    const completing = setup.fills.complete(urgent.request(), new AbortController().signal);
    await until(() => setup.fills.counts().waiting === 2);
    end.open();
    await until(() => urgent.offsets.length === 1);
    expect(queued.offsets).toEqual([]);
    never.open();
    await Promise.all([first, completing, background]);
  });
});

it('an urgent request leaves when its signal aborts, and the fill continues as a background fill', async () => {
  const limits: number[] = [];
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, callback) => {
      if (delayMs === 77_000) limits.push(delayMs);
      return systemClock.after(delayMs, callback);
    },
  };
  const setup = await setUpFills({ clock, limits: { maxFillSeconds: 77 } });
  const end = new Gate();
  const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: end.passed } }]);
  const urgent = new AbortController();
  const completing = setup.fills.complete(upstream.request(), urgent.signal);
  const cancelled = expect(completing).rejects.toMatchObject({ key: 'CANCELLED' });
  await until(() => upstream.open === 1);
  expect(limits).toEqual([]);
  urgent.abort();
  await cancelled;
  // The time limit applies from now on, because no client waits any more.
  expect(limits).toEqual([77_000]);
  end.open();
  await until(() => !setup.fills.isActive(upstream.digest));
  expect(await setup.stored.stat(upstream.digest)).toBe(MIB);
  expect(upstream.offsets).toEqual([0]);
  await setup.dispose();
});
