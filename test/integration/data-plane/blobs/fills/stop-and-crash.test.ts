import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustDigest } from '../../../../../common/oci/digest';
import { createSpool } from '../../../../../data-plane/src/blobs/fills/spool';
import {
  bytes,
  type FillSetup,
  readAll,
  readUntilCut,
  setUpFills,
  until,
} from '../../../../support/data-plane/fills/fill-setup';
import { FakeUpstream, Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { RUN_TYPESCRIPT } from '../../../../support/processes/run-typescript';

const MIB = 1024 * 1024;

describe('stopping fills', () => {
  let setup: FillSetup;
  beforeEach(async () => {
    setup = await setUpFills({ limits: { perUpstream: 1 } });
  });
  afterEach(() => setup.dispose());

  it('lets a running fill end within the grace period', async () => {
    const gate = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: gate.passed } }]);
    const reader = await setup.source.open(upstream.request());
    const reading = readAll(reader);
    const stopping = setup.fills.stop(10_000);
    gate.open();
    expect((await reading).equals(upstream.content)).toBe(true);
    await stopping;
    expect(await setup.store.stat(upstream.digest)).toBe(MIB);
    expect(await setup.spooled()).toEqual([]);
  });

  it('cuts a fill after the grace period, leaves no files, and starts no new fill', async () => {
    const never = new Gate();
    const upstream = new FakeUpstream(bytes(MIB), [{ holdAt: { offset: MIB / 2, until: never.passed } }]);
    const queued = new FakeUpstream(bytes(1000));
    const reading = readUntilCut(await setup.source.open(upstream.request()));
    const idle = await setup.source.open(upstream.request());
    const waiting = setup.source.open(queued.request());
    const background = setup.fills.complete(new FakeUpstream(bytes(1001)).request({ priority: 'background' }));
    const outcomes = Promise.allSettled([waiting, background]);
    await until(() => setup.fills.isActive(queued.digest));
    await setup.fills.stop(20);
    expect((await reading).error).toMatchObject({ key: 'NOT_READY' });
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { key: 'NOT_READY' } });
    await expect(idle.waitBeyond(MIB - 1)).rejects.toMatchObject({ key: 'NOT_READY' });
    expect(await setup.spooled()).toEqual([]);
    expect([upstream.open, queued.offsets.length]).toEqual([0, 0]);
    await idle.close();
    await expect(setup.source.open(queued.request())).rejects.toMatchObject({ key: 'NOT_READY' });
    await expect(setup.fills.complete(queued.request())).rejects.toMatchObject({ key: 'NOT_READY' });
  });

  it('cancels an upstream response that arrives after the stop', async () => {
    const answer = new Gate();
    let cancelled = 0;
    const upstream = new FakeUpstream(bytes(1000));
    const opening = setup.source.open(
      upstream.request({
        source: async () => {
          await answer.passed;
          return { size: 1000, offset: 0, body: (async function* () {})(), cancel: () => (cancelled += 1) };
        },
      }),
    );
    await until(async () => (await setup.spooled()).length === 1);
    const refused = expect(opening).rejects.toMatchObject({ key: 'NOT_READY' });
    await setup.fills.stop(0);
    await refused;
    answer.open();
    await until(() => cancelled === 1);
    expect(await setup.spooled()).toEqual([]);
  });

  it('resolves at once if no fill is running', async () => {
    await setup.fills.stop(60_000);
    await setup.fills.stop(60_000);
  });
});

describe('the spool after a crash', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'layover-spool-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('is created and cleaned of files of a killed process, and of no others', async () => {
    const spoolDirectory = join(home, 'spool');
    const digest = mustDigest(`sha256:${'ab'.repeat(32)}`);
    const spool = createSpool(spoolDirectory);
    expect(await spool.clean()).toBe(0);
    const left = await spool.create(digest);
    await left.append([Buffer.from('half of a bl')]);
    await left.close();
    await writeFile(join(spoolDirectory, 'notes.txt'), 'somebody put this here');
    await mkdir(join(spoolDirectory, 'folder'));
    expect(await createSpool(spoolDirectory).clean()).toBe(1);
    expect((await readdir(spoolDirectory)).sort()).toEqual(['folder', 'notes.txt']);
  });

  it('fails with the reason if it cannot be created', async () => {
    await writeFile(join(home, 'file'), '');
    await expect(createSpool(join(home, 'file', 'spool')).clean()).rejects.toMatchObject({ key: 'STORE_FAILED' });
  });

  it('contains no partial blob or spool file when a data plane starts after kill -9 in a fill', async () => {
    const child = spawn(process.execPath, [...RUN_TYPESCRIPT, join(__dirname, 'support', 'die-in-a-fill.ts'), home], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const spoolDirectory = join(home, 'spool');
    expect(await readdir(spoolDirectory)).toHaveLength(1);
    expect((await readdir(join(home, 'blobs'))).sort()).toEqual(['incoming', 'unsynced']);
    expect(await createSpool(spoolDirectory).clean()).toBe(1);
    expect(await readdir(spoolDirectory)).toEqual([]);
  });
});
