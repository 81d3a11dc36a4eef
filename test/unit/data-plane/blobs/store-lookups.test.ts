import { bytes, until } from '../../../support/data-plane/fills/fill-setup';
import { type BlobRig, blobRig, type BlobRigOptions } from './support/blob-rig';

const MIB = 1024 * 1024;
const NAME = 'team/app';

let rig: BlobRig;
const start = async (options: BlobRigOptions = {}): Promise<BlobRig> => (rig = await blobRig(options));
afterEach(() => rig.dispose());

describe('the store is asked once before the upstream', () => {
  test('by a GET of a missing blob, by one of a stored blob, and by a HEAD', async () => {
    const { offer, read, head, lookups, quiet, upstream } = await start();
    const content = bytes(MIB);
    const digest = await offer(content, NAME);
    expect(await head(digest)).toMatchObject({ cacheStatus: 'MISS', size: MIB });
    expect([lookups(), upstream.take()]).toEqual([[], []]);
    const cold = await read(digest);
    expect([cold.cacheStatus, cold.content.equals(content)]).toEqual(['MISS', true]);
    await quiet(digest);
    expect([lookups(), upstream.take()]).toEqual([['stat'], [`GET ${NAME}@${digest}`]]);
    const warm = await read(digest);
    expect([warm.cacheStatus, warm.content.equals(content)]).toEqual(['HIT', true]);
    expect(await head(digest)).toMatchObject({ cacheStatus: 'HIT', size: MIB });
    expect([lookups(), upstream.take()]).toEqual([['open', 'open'], []]);
  });

  test('by a GET that may be redirected: a link is made only with a proof, and its absence is reused', async () => {
    const { offer, read, get, lookups, quiet, upstream, stored } = await start({ redirects: true });
    const digest = await offer(bytes(2 * MIB), NAME);
    expect((await read(digest, { redirectable: true })).cacheStatus).toBe('MISS');
    await quiet(digest);
    expect([lookups(), upstream.take()]).toEqual([['stat'], [`GET ${NAME}@${digest}`]]);
    expect(await get(digest, { redirectable: true })).toMatchObject({ kind: 'redirect', size: 2 * MIB });
    expect([lookups(), upstream.take()]).toEqual([['link'], []]);
    // The blob is too small to be redirected, so the store is asked for the bytes and not for a
    // link.
    const small = await offer(bytes(1000), NAME);
    await read(small, { redirectable: true });
    await quiet(small);
    lookups();
    await read(small, { redirectable: true });
    expect(lookups()).toEqual(['open']);
    rig.clock.advance(20_000);
    expect(await stored.deleteUnused(small)).toBe('deleted');
  });

  test('by the completion of an image, whether the blob is stored or not, and by a fill for another node', async () => {
    const { offer, service, target, lookups, upstream } = await start();
    const [first, second] = [await offer(bytes(MIB), NAME), await offer(bytes(MIB, 'second'), NAME)];
    await service.complete(await target(), { digest: first, size: MIB });
    expect([lookups(), upstream.take()]).toEqual([['stat'], [`GET ${NAME}@${first}`]]);
    await service.complete(await target(), { digest: first, size: MIB });
    expect([lookups(), upstream.take()]).toEqual([['stat'], []]);
    await service.completeHere(await target(), { digest: second, size: MIB }, new AbortController().signal);
    expect([lookups(), upstream.take()]).toEqual([['stat'], [`GET ${NAME}@${second}`]]);
  });

  test('and again after other nodes were tried, because they may have brought it into a shared store', async () => {
    const { offer, service, target, lookups } = await start({ elsewhere: () => Promise.resolve(false) });
    const digest = await offer(bytes(MIB), NAME);
    await service.complete(await target(), { digest, size: MIB });
    expect(lookups()).toEqual(['stat', 'stat']);
  });

  test('and again after a wait for a slot with a proof, because another fill may have stored it', async () => {
    let open = (): void => undefined;
    const {
      offer,
      get,
      read,
      lookups,
      waiting: queued,
      quiet,
      upstream,
      knowledge,
      target,
    } = await start({
      limits: { perUpstream: 1 },
    });
    const [running, waiting] = [await offer(bytes(MIB), NAME), await offer(bytes(MIB, 'waiting'), NAME)];
    upstream.behaviour.bodyGate = new Promise((resolve) => (open = resolve));
    const opened = await get(running);
    const { holder } = await target();
    knowledge.putProof(holder.identities, waiting, NAME);
    lookups();
    const reading = read(waiting);
    await until(() => queued() === 1);
    expect(lookups()).toEqual(['open']);
    open();
    await reading;
    expect(lookups()).toEqual(['open']);
    await Promise.all([quiet(running), quiet(waiting)]);
    if (opened.kind === 'bytes') await opened.reader.close();
  });
});

test('GET, HEAD and redirects look at nothing stored without the right to the blob', async () => {
  const { offer, get, head, read, lookups, upstream } = await start({
    organizations: [
      { name: 'acme', username: 'good' },
      { name: 'beta', username: 'bad' },
    ],
    redirects: true,
  });
  upstream.users = new Set(['good']);
  const digest = await offer(bytes(2 * MIB), NAME);
  await read(digest);
  lookups();
  await expect(head(digest, { organization: 'beta' })).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
  expect(lookups()).toEqual([]);
  await expect(get(digest, { organization: 'beta', redirectable: true })).rejects.toMatchObject({
    key: 'UPSTREAM_DENIED',
  });
  expect(lookups()).toEqual(['stat']);
});
