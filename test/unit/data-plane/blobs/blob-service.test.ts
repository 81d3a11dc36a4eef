import { type Digest, digestOf } from '../../../../common/oci/digest';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { BlobReader } from '../../../../data-plane/src/blobs/blob-source';
import { openInUse } from '../../../../data-plane/src/blobs/open-in-use';
import { pullRig } from '../../../support/data-plane/fakes/pull-rig';
import { Gate } from '../../../support/data-plane/fills/fake-upstream';
import { until } from '../../../support/data-plane/fills/fill-setup';
import { type BlobRig, blobRig } from './support/blob-rig';

const CONTENT = Buffer.from('the blob');
const DIGEST = digestOf(CONTENT);
const BLOB = { digest: DIGEST, size: CONTENT.length };

describe('a fill', () => {
  let rig: BlobRig;
  let body: Gate;
  beforeEach(async () => {
    rig = await blobRig({ organizations: [{ name: 'acme' }, { name: 'beta' }] });
    body = new Gate();
    rig.upstream.behaviour.bodyGate = body.passed;
    await rig.offer(CONTENT, 'team/app', 'team/other');
  });
  afterEach(() => rig.dispose());

  const used = (): string[] => rig.uses.list(10).map(({ repository, startedAt }) => `${repository} ${startedAt}`);
  const begun = (): number => rig.upstream.requests.filter((line) => line.startsWith('GET')).length;
  const arrivals = (): unknown[] => rig.journal.records.flatMap(({ blob }) => (blob ? [blob] : []));
  /** Sends a client that leaves when the fill has started. */
  const visit = async (repository: string, organization = 'acme'): Promise<void> => {
    const opened = await rig.get(DIGEST, { repository, organization });
    expect(opened.kind).toBe('bytes');
    if (opened.kind === 'bytes') await opened.reader.close();
  };

  test('marks the blob as in use for every repository until it is stored, and records one arrival', async () => {
    const start = rig.clock.now();
    await visit('team/app');
    rig.clock.advance(100);
    await visit('team/other');
    await visit('team/app');
    // A fill of the organization is running, so its background request does not wait for it.
    await rig.service.complete(await rig.target('team/other'), BLOB);
    expect(used()).toEqual([`team/app ${start}`, `team/other ${start + 100}`]);
    rig.clock.advance(3_600_000);
    expect(rig.uses.inUse(DIGEST)).toBe(true);
    body.open();
    await until(() => used().length === 0);
    expect(rig.uses.inUse(DIGEST)).toBe(true);
    rig.clock.advance(10_000);
    expect(rig.uses.inUse(DIGEST)).toBe(false);
    expect(begun()).toBe(1);
    expect(arrivals()).toEqual([expect.objectContaining({ organizationUid: 'uid-acme', ...BLOB })]);
  });

  test('records an arrival for each organization that took part, also if its client left', async () => {
    await visit('team/app');
    await visit('team/app', 'beta');
    body.open();
    await until(() => arrivals().length === 2);
    expect(arrivals()).toEqual([
      expect.objectContaining({ organizationUid: 'uid-acme', ...BLOB }),
      expect.objectContaining({ organizationUid: 'uid-beta', ...BLOB }),
    ]);
  });

  test('records an arrival if its only client leaves before the upstream answers', async () => {
    const headers = new Gate();
    rig.upstream.behaviour.gate = headers.passed;
    const client = new AbortController();
    const opening = rig.get(DIGEST, { signal: client.signal });
    await until(() => begun() === 1);
    client.abort();
    await expect(opening).rejects.toMatchObject({ key: 'CANCELLED' });
    expect(used()).toHaveLength(1);
    headers.open();
    body.open();
    await until(() => used().length === 0);
    expect(arrivals()).toEqual([expect.objectContaining(BLOB)]);
  });

  test('ends the use and allows a new fill after a failure', async () => {
    const completing = rig.service.complete(await rig.target('team/app'), BLOB);
    const refused = expect(completing).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
    await until(() => begun() === 1);
    await rig.service.complete(await rig.target('team/other'), BLOB);
    expect(used()).toHaveLength(2);
    body.fail(new LayoverError('UPSTREAM_CONTENT'));
    await refused;
    expect([used(), arrivals()]).toEqual([[], []]);
    await expect(rig.service.complete(await rig.target('team/app'), BLOB)).rejects.toMatchObject({
      key: 'UPSTREAM_CONTENT',
    });
    expect(begun()).toBe(2);
  });

  test('serves its clients if the arrival cannot be recorded', async () => {
    rig.journal.room = 0;
    body.open();
    expect((await rig.read(DIGEST)).content).toEqual(CONTENT);
    await until(() => used().length === 0);
    expect(await rig.stored.stat(DIGEST)).toBe(CONTENT.length);
  });

  test('does not start, or mark the blob as in use, if completion finds it in the store', async () => {
    await rig.keep(CONTENT);
    const { holder, upstream } = await rig.target();
    rig.knowledge.putProof(holder.identities, DIGEST, upstream.name);
    rig.clock.advance(10_000);
    await rig.service.complete(await rig.target(), BLOB);
    expect([rig.uses.inUse(DIGEST), begun()]).toEqual([false, 0]);
  });

  test('makes urgent requests wait, also on a running fill, and continues without them', async () => {
    const background = rig.service.complete(await rig.target(), BLOB);
    await until(() => begun() === 1);
    const urgent = new AbortController();
    const completing = rig.service.complete(await rig.target(), BLOB, urgent.signal);
    const cancelled = expect(completing).rejects.toMatchObject({ key: 'CANCELLED' });
    await until(() => rig.lookups().length > 0);
    urgent.abort();
    await cancelled;
    const second = rig.service.complete(await rig.target(), BLOB, new AbortController().signal);
    body.open();
    await Promise.all([background, second]);
    expect([begun(), arrivals().length]).toEqual([1, 1]);
  });
});

describe('a reader', () => {
  const content = { organizationUid: 'u1', repository: 'team/app', digest: DIGEST as Digest };
  const reader = (close: () => Promise<void>): BlobReader => ({
    origin: 'store',
    size: 8,
    path: '/a/path',
    available: 8,
    waitBeyond: () => Promise.resolve(8),
    read: async function* () {},
    close,
  });

  test('is a use from before it is opened until it is closed, also if closing fails', async () => {
    const { uses, clock } = pullRig();
    const gate = new Gate();
    const opening = openInUse(uses, content, async () => {
      await gate.passed;
      return reader(() => Promise.reject(new Error('closed badly')));
    });
    expect(uses.list(10)).toEqual([{ ...content, startedAt: clock.now() }]);
    gate.open();
    const opened = await opening;
    expect(opened).toMatchObject({ origin: 'store', size: 8, path: '/a/path', available: 8 });
    expect(uses.list(10)).toHaveLength(1);
    await expect(opened.close()).rejects.toThrow('closed badly');
    expect(uses.list(10)).toEqual([]);
  });

  test('ends the use if it cannot be opened', async () => {
    const { uses } = pullRig();
    const failing = openInUse(uses, content, () => Promise.reject(new LayoverError('UPSTREAM_FAILED')));
    await expect(failing).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
    expect(uses.list(10)).toEqual([]);
  });
});
