import type { ErrorKey } from '../../../../common/errors/catalogue';
import { LayoverError } from '../../../../common/errors/layover-error';
import { type Digest, digestOf } from '../../../../common/oci/digest';
import { blobNamed, imageNamed } from '../../../support/data-plane/fakes/sample-manifests';
import { CONTEXT, pullRig, silentLogger } from '../../../support/data-plane/fakes/pull-rig';
import { BlobService } from '../../../../data-plane/src/blobs/blob-service';
import { createFills } from '../../../../data-plane/src/blobs/fills/create-fills';
import { blobAccessOn } from '../../../support/data-plane/fakes/blob-access';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';
import { ampleRoom } from '../../../support/data-plane/fills/ample-room';
import { bytes } from '../../../support/data-plane/fills/fill-setup';
import { type BlobRig, blobRig } from './support/blob-rig';

const NAME = 'team/app';
const image = imageNamed('first');
const layer = blobNamed('first layer');
const digest = layer.digest as Digest;

function rig(...specs: readonly OrganizationSpec[]) {
  const parts = pullRig(...specs);
  const { blobAccess } = blobAccessOn(parts, parts.stored);
  // A HEAD request fills nothing, so the spool folder is never created.
  const fills = createFills({ ...parts, spoolDirectory: 'none', room: ampleRoom(), logger: silentLogger });
  const service = new BlobService({ ...parts, blobAccess, fills });
  const stat = (organization = 'acme', of: Digest = digest) =>
    service.stat({
      context: CONTEXT,
      owner: { kind: 'organization', name: organization },
      repository: NAME,
      signal: undefined,
      digest: of,
    });
  const prove = async (organization: string, of: Digest = digest): Promise<void> => {
    const located = parts.access.locate({ kind: 'organization', name: organization }, NAME);
    const { holder, upstream } = await parts.access.authorize(located, CONTEXT.authorization);
    parts.knowledge.putProof(holder.identities, of, upstream.name);
  };
  return { ...parts, stat, prove };
}

test('returns the size from a cached manifest without an upstream call or a fill', async () => {
  const { upstream, get, stat } = rig();
  upstream.put(NAME, image, 'latest');
  await get('latest');
  upstream.take();
  expect(await stat()).toEqual({
    size: layer.size,
    cacheStatus: 'MISS',
    upstreamHost: 'registry.test',
    private: false,
  });
  expect(upstream.take()).toEqual([]);
});

test('reports HIT for a blob in the store with a proof, and MISS without', async () => {
  const { upstream, store, get, stat, prove } = rig();
  upstream.put(NAME, image, 'latest');
  await get('latest');
  store.content.set(digest, Buffer.from('first layer'));
  expect(await stat()).toMatchObject({ size: layer.size, cacheStatus: 'MISS' });
  await prove('acme');
  expect(await stat()).toMatchObject({ size: layer.size, cacheStatus: 'HIT' });
});

test('asks the upstream once with the own credentials for a blob that no manifest names, and remembers the answer', async () => {
  const { upstream, stat } = rig();
  upstream.putBlob(NAME, digest, layer.size);
  await Promise.all(Array.from({ length: 20 }, () => stat()));
  await stat();
  expect(upstream.take()).toEqual([`HEAD ${NAME}@${digest}`]);
});

test('gives no right to bytes that are stored for another organization', async () => {
  const { upstream, store, get, stat, prove } = rig(
    { name: 'acme', username: 'good' },
    { name: 'beta', username: 'bad' },
  );
  upstream.users = new Set(['good']);
  upstream.put(NAME, image, 'latest');
  await get('latest');
  store.content.set(digest, Buffer.from('first layer'));
  await prove('acme');
  expect(await stat('acme')).toMatchObject({ cacheStatus: 'HIT' });
  await expect(stat('beta')).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
});

test.each<[ErrorKey, number | undefined]>([
  ['BLOB_UNKNOWN', 404],
  ['UPSTREAM_DENIED', 403],
  ['TOO_MANY_REQUESTS', 429],
  ['UPSTREAM_TIMEOUT', undefined],
])('passes the upstream error %s on', async (key, upstreamStatus) => {
  const { upstream, stat } = rig();
  upstream.behaviour.fail = { when: /./, error: () => new LayoverError(key, { upstreamStatus }) };
  await expect(stat()).rejects.toMatchObject({ key });
});

test('takes the size from a GET without its body if the HEAD of the upstream gives no size', async () => {
  const { upstream, stat } = rig();
  upstream.behaviour.blobHeadWithoutSize = true;
  upstream.putBlob(NAME, digest, 77);
  expect(await stat()).toMatchObject({ size: 77 });
  expect(upstream.take()).toEqual([`HEAD ${NAME}@${digest}`, `GET ${NAME}@${digest}`]);
  await expect(stat('acme', digestOf(Buffer.from('none')))).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
});

describe('a HEAD of the upstream that fails', () => {
  const content = bytes(200_000, 'a layer');
  const of = digestOf(content);
  let rig: BlobRig;
  afterEach(() => rig.dispose());
  /** Starts an upstream whose HEAD fails, with a blob that no manifest names. */
  const start = async (key: ErrorKey, upstreamStatus?: number): Promise<string[]> => {
    rig = await blobRig();
    rig.upstream.putBlob(NAME, of, content);
    rig.upstream.behaviour.fail = { when: /^HEAD/, error: () => new LayoverError(key, { upstreamStatus }) };
    return rig.upstream.requests;
  };
  const methods = (): string[] => rig.upstream.take().map((line) => line.split(' ', 1)[0]!);

  const answers: readonly [ErrorKey, number | undefined][] = [
    ['UPSTREAM_FAILED', 400],
    ['UPSTREAM_DENIED', 401],
    ['UPSTREAM_DENIED', 403],
    ['BLOB_UNKNOWN', 404],
    ['BLOB_UNKNOWN', 410],
    ['UPSTREAM_FAILED', 500],
    ['UPSTREAM_CONTENT', undefined],
    ['UPSTREAM_FAILED', undefined],
    ['UPSTREAM_TIMEOUT', undefined],
  ];

  test.each(answers)('refuses neither a GET nor a HEAD of a client: %s %s', async (key, status) => {
    await start(key, status);
    expect(await rig.head(of)).toMatchObject({ size: content.length, cacheStatus: 'MISS' });
    expect(methods()).toEqual(['HEAD', 'GET']);
    expect((await rig.read(of)).content.equals(content)).toBe(true);
    expect(methods()).toEqual(['GET']);
  });

  test.each(answers)('proves nothing of what is stored for others: %s %s', async (key, status) => {
    await start(key, status);
    await rig.keep(content);
    const { content: got, cacheStatus } = await rig.read(of);
    expect([got.equals(content), cacheStatus]).toEqual([true, 'MISS']);
    expect(methods()).toEqual(['HEAD', 'GET']);
  });

  test('is not repeated once a GET has confirmed the blob', async () => {
    await start('UPSTREAM_DENIED', 403);
    await rig.read(of);
    await rig.quiet(of);
    rig.upstream.take();
    expect(await rig.read(of)).toMatchObject({ cacheStatus: 'HIT' });
    expect(await rig.head(of)).toMatchObject({ cacheStatus: 'HIT' });
    expect(methods()).toEqual([]);
  });

  test.each<[ErrorKey, number | undefined]>([
    ['TOO_MANY_REQUESTS', 429],
    ['UPSTREAM_UNREACHABLE', undefined],
  ])('is the answer if a GET would fail in the same way: %s', async (key, status) => {
    await start(key, status);
    await rig.keep(content);
    await expect(rig.head(of)).rejects.toMatchObject({ key });
    await expect(rig.read(of)).rejects.toMatchObject({ key });
    expect(methods()).toEqual(['HEAD', 'HEAD']);
  });

  test('leaves the decision to the GET, whose refusal the client gets', async () => {
    await start('UPSTREAM_DENIED', 403);
    rig.upstream.behaviour.fail = {
      when: /./,
      error: () => new LayoverError('UPSTREAM_DENIED', { upstreamStatus: 403 }),
    };
    await rig.keep(content);
    await expect(rig.head(of)).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
    await expect(rig.read(of)).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
  });

  test('gives no stored bytes, although another repository of the organization proved them', async () => {
    rig = await blobRig();
    await rig.offer(content, NAME);
    await rig.read(of);
    await rig.quiet(of);
    rig.upstream.take();
    await expect(rig.read(of, { repository: 'team/other' })).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
    expect(methods()).toEqual(['HEAD', 'GET']);
  });
});

describe('a size that the upstream gives', () => {
  let rig: BlobRig;
  afterEach(() => rig.dispose());

  test.each([0, 1, 199_999, 200_001])('in a HEAD of %i bytes refuses no right bytes', async (size) => {
    const content = bytes(200_000, 'a layer');
    const of = digestOf(content);
    rig = await blobRig();
    rig.upstream.putBlob(NAME, of, content);
    rig.upstream.behaviour.blobHeadSize = size;
    const seen = (await rig.head(of)).size;
    expect(seen).toBe(size === 0 ? content.length : size);
    expect((await rig.read(of)).content.equals(content)).toBe(true);
  });

  test('is believed to be 0 for the blob without bytes only', async () => {
    const empty = digestOf(Buffer.alloc(0));
    rig = await blobRig();
    rig.upstream.putBlob(NAME, empty, Buffer.alloc(0));
    expect(await rig.head(empty)).toMatchObject({ size: 0 });
    expect((await rig.read(empty)).content).toHaveLength(0);
    expect((await rig.head(empty)).size).toBe(0);
  });
});

describe('a blob that is larger than the quota of the organization', () => {
  const content = bytes(200_000, 'a layer');
  const of = digestOf(content);
  let rig: BlobRig;
  beforeEach(async () => {
    rig = await blobRig({ organizations: [{ name: 'acme', quotaBytes: 100_000, rejectsOversize: true }] });
    rig.upstream.putBlob(NAME, of, content);
  });
  afterEach(() => rig.dispose());

  test.each([0, 1, 99_999])('is refused if its manifest says %i bytes, for which room was found', async (size) => {
    await rig.name(of, size, 'acme');
    await expect(rig.read(of)).rejects.toMatchObject({ key: 'QUOTA_EXCEEDED' });
    await rig.quiet(of);
    expect(await rig.stored.stat(of)).not.toBe(content.length);
  });

  test.each([undefined, 200_000])('is fetched if its manifest may exceed the quota: %s bytes', async (size) => {
    if (size !== undefined) await rig.name(of, size, 'acme');
    expect((await rig.read(of)).content.equals(content)).toBe(true);
  });
});

test('reports a blob that the upstream lacks only if a manifest names it', async () => {
  const failed: unknown[] = [];
  const rig = await blobRig({ missing: { failed: (_key, of) => void failed.push(of) } });
  try {
    await expect(rig.read(digest)).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
    expect(failed).toEqual([]);
    await rig.name(digest, 5, 'acme');
    await expect(rig.read(digest)).rejects.toMatchObject({ key: 'BLOB_UNKNOWN' });
    expect(failed).toEqual([digest]);
  } finally {
    await rig.dispose();
  }
});
