import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import type { BlobRight } from '../../../../data-plane/src/blobs/blob-access';
import type { BlobReader } from '../../../../data-plane/src/blobs/blob-source';
import { DirectRanges } from '../../../../data-plane/src/blobs/direct-ranges';
import { openFarRange } from '../../../../data-plane/src/blobs/open-far-range';
import { bytes, until } from '../../../support/data-plane/fills/fill-setup';
import { Gate } from '../../../support/data-plane/fills/fake-upstream';
import { type BlobRig, blobRig, type BlobRigOptions } from './support/blob-rig';

const MIB = 1024 * 1024;
const SIZE = 12 * MIB;
const NAME = 'team/app';
const content = bytes(SIZE, 'a large layer');
const digest = digestOf(content);

describe('a range far into a cold blob', () => {
  let rig: BlobRig;
  let body: Gate;
  const start = async (options: BlobRigOptions = {}): Promise<void> => {
    rig = await blobRig(options);
    await rig.offer(content, NAME);
    body = new Gate();
    rig.upstream.behaviour.bodyGate = body.passed;
  };
  afterEach(async () => {
    body.open();
    await rig.dispose();
  });
  const requests = (): string[] => rig.upstream.requests.map((line) => line.split(' ', 1)[0]!);
  const last = (length: number) => ({ kind: 'suffix', length }) as const;

  test('arrives before the fill has a byte, with the credentials of its organization, and the fill goes on', async () => {
    await start();
    const answer = await rig.readRange(digest, last(500));
    expect(answer.content.equals(content.subarray(-500))).toBe(true);
    expect([answer.size, answer.cacheStatus]).toEqual([SIZE, 'MISS']);
    await until(() => requests().includes('GET'));
    expect(requests().sort()).toEqual(['DIRECT', 'GET']);
    expect(await rig.stored.stat(digest)).not.toBe(SIZE);
    body.open();
    await until(async () => (await rig.stored.stat(digest)) === SIZE);
    const warm = await rig.readRange(digest, last(500));
    expect([warm.content.equals(content.subarray(-500)), warm.cacheStatus]).toEqual([true, 'HIT']);
    expect(requests().sort()).toEqual(['DIRECT', 'GET']);
  });

  test('starts a fill that goes on although it waits for a slot and its client has left', async () => {
    await start({ limits: { perUpstream: 1 } });
    const blocking = bytes(MIB, 'blocking');
    const running = await rig.get(await rig.offer(blocking, NAME));
    await rig.readRange(digest, last(500));
    body.open();
    await until(async () => (await rig.stored.stat(digest)) === SIZE);
    if (running.kind === 'bytes') await running.reader.close();
  });

  test('leaves only so many fills behind that wait for a slot', async () => {
    await start({ limits: { perUpstream: 1 } });
    const running = await rig.get(await rig.offer(bytes(MIB, 'blocking'), NAME));
    const blobs = Array.from({ length: 80 }, (_, at) => digestOf(Buffer.from(`blob ${at}`)));
    const { name } = (await rig.target()).upstream;
    for (const of of blobs) {
      rig.upstream.putBlob(name, of, content);
      await rig.name(of, SIZE, 'acme');
      await rig.readRange(of, last(500));
    }
    await until(() => rig.waiting() <= 64);
    expect(rig.waiting()).toBe(64);
    expect(requests().filter((method) => method === 'DIRECT')).toHaveLength(80);
    if (running.kind === 'bytes') await running.reader.close();
  });

  test.each<[string, object]>([
    ['near the start', { kind: 'bytes', first: 100, last: 199 }],
    ['that is large', { kind: 'bytes', first: 2 * MIB }],
  ])('is not requested for a range %s', async (_what, range) => {
    await start();
    const reading = rig.readRange(digest, range as never).catch((error: unknown) => error);
    await until(() => requests().length > 0);
    body.open();
    await reading;
    expect(requests()).toEqual(['GET']);
  });

  test('outside the size in the manifest waits for the size of the upstream, and is not requested', async () => {
    await start();
    const reading = rig.readRange(digest, { kind: 'bytes', first: SIZE }).catch((error: unknown) => error);
    await until(() => requests().length > 0);
    body.open();
    expect(await reading).toMatchObject({ key: 'RANGE_INVALID', detail: { size: SIZE } });
    expect(requests()).toEqual(['GET']);
  });

  test('is not requested for the rest of a delivery that another node began', async () => {
    await start();
    const reading = rig.readRange(digest, last(500), { authorizedAt: rig.clock.now() });
    await until(() => requests().length > 0);
    body.open();
    expect((await reading).content.equals(content.subarray(-500))).toBe(true);
    expect(requests()).toEqual(['GET']);
  });

  test('is not requested if the organization has switched it off', async () => {
    await start({ organizations: [{ name: 'acme', directRanges: false }] });
    const reading = rig.readRange(digest, last(500));
    await until(() => requests().length > 0);
    body.open();
    expect((await reading).content.equals(content.subarray(-500))).toBe(true);
    expect(requests()).toEqual(['GET']);
  });

  test('waits for the fill if the upstream ignores ranges, which is then not asked again', async () => {
    await start();
    rig.upstream.behaviour.ignoresRange = true;
    const first = rig.readRange(digest, last(500));
    await until(() => requests().includes('DIRECT'));
    const second = rig.readRange(digest, last(700));
    body.open();
    expect((await first).content.equals(content.subarray(-500))).toBe(true);
    expect((await second).content.equals(content.subarray(-700))).toBe(true);
    expect(requests().sort()).toEqual(['DIRECT', 'GET']);
  });

  test.each([
    ['UPSTREAM_DENIED', 403],
    ['TOO_MANY_REQUESTS', 429],
    ['UPSTREAM_FAILED', 500],
    ['UPSTREAM_TIMEOUT', undefined],
  ] as const)('waits for the fill if the upstream answers %s', async (key, upstreamStatus) => {
    await start();
    rig.upstream.behaviour.fail = { when: /^DIRECT/, error: () => new LayoverError(key, { upstreamStatus }) };
    const reading = rig.readRange(digest, last(500));
    await until(() => requests().length === 2);
    body.open();
    expect((await reading).content.equals(content.subarray(-500))).toBe(true);
  });

  test('comes from the fill if that is faster', async () => {
    await start();
    const held = new Gate();
    rig.upstream.behaviour.rangeGate = held.passed;
    body.open();
    const openRange = jest.spyOn(rig.upstream, 'openRange');
    const answer = await rig.readRange(digest, last(500));
    expect(answer.content.equals(content.subarray(-500))).toBe(true);
    // The request for the range ends too: it would keep its place until the upstream answers.
    expect(openRange.mock.calls.map(([, , , signal]) => signal?.aborted)).toEqual([true]);
    held.open();
  });

  test('gets its rest from the fill if the range breaks', async () => {
    await start();
    rig.upstream.behaviour.cutsRange = 123;
    const reading = rig.readRange(digest, last(500));
    await until(() => requests().length === 2);
    body.open();
    expect((await reading).content.equals(content.subarray(-500))).toBe(true);
  });

  test('gets the error of the fill if the upstream gives neither', async () => {
    await start();
    rig.upstream.behaviour.fail = {
      when: /./,
      error: () => new LayoverError('UPSTREAM_DENIED', { upstreamStatus: 403 }),
    };
    await expect(rig.readRange(digest, last(500))).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
  });

  test.each([7, -7])(
    'is not promised with the size of a wrong manifest, and not asked for again: %i bytes',
    async (more) => {
      await start();
      await rig.name(digest, SIZE + more, 'acme');
      const reading = rig.readRange(digest, last(500));
      await until(() => requests().length === 2);
      body.open();
      expect(await reading).toMatchObject({ size: SIZE, content: content.subarray(-500) });
      await rig.quiet(digest);
      const other = bytes(SIZE, 'another layer');
      const of = await rig.offer(other, NAME);
      rig.upstream.take();
      expect((await rig.readRange(of, last(500))).content.equals(other.subarray(-500))).toBe(true);
      expect(requests()).toEqual(['GET']);
    },
  );

  test('ends its request and its part of the fill when the client leaves', async () => {
    await start();
    const held = new Gate();
    rig.upstream.behaviour.rangeGate = held.passed;
    const client = new AbortController();
    const reading = rig.readRange(digest, last(500), { signal: client.signal });
    const left = expect(reading).rejects.toMatchObject({ key: 'CANCELLED' });
    await until(() => requests().includes('DIRECT'));
    client.abort();
    await left;
  });

  test('is not served from what is stored for others, but by the own upstream', async () => {
    await start({
      organizations: [
        { name: 'acme', username: 'good' },
        { name: 'beta', username: 'bad' },
      ],
    });
    rig.upstream.users = new Set(['good']);
    body.open();
    await rig.read(digest);
    await rig.quiet(digest);
    await rig.name(digest, SIZE, 'beta');
    await expect(rig.readRange(digest, last(500), { organization: 'beta' })).rejects.toMatchObject({
      key: 'UPSTREAM_DENIED',
    });
  });

  test('is requested for at most 16 ranges of an organization at the same time', async () => {
    await start();
    const held = new Gate();
    rig.upstream.behaviour.rangeGate = held.passed;
    const openRange = jest.spyOn(rig.upstream, 'openRange');
    const open = jest.spyOn(DirectRanges.prototype, 'open');
    const readings = Array.from({ length: 20 }, (_, at) => rig.readRange(digest, last(500 + at)));
    // Every reading has asked before the first place is free again.
    await until(() => open.mock.calls.length === 20 && openRange.mock.calls.length === 16);
    open.mockRestore();
    held.open();
    body.open();
    for (const [at, reading] of readings.entries())
      expect((await reading).content.equals(content.subarray(-500 - at))).toBe(true);
    expect(openRange.mock.calls).toHaveLength(16);
  });
});

test('a reader of the whole blob that cannot be closed fails nobody who has read the range', async () => {
  const range = { offset: 2 * MIB, length: 500 };
  async function* body(): AsyncGenerator<Buffer> {
    yield content.subarray(range.offset, range.offset + range.length);
  }
  const direct = { open: async () => ({ range, body: body(), cancel: () => undefined, mayWait: () => true }) };
  const close = jest.fn(() => Promise.reject(new LayoverError('STORE_FAILED')));
  const whole = { origin: 'fill', size: SIZE, waitBeyond: () => new Promise(() => undefined), close };
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  try {
    const reader = await openFarRange(
      { direct: direct as unknown as DirectRanges, openWhole: async () => whole as unknown as BlobReader },
      { size: SIZE } as BlobRight,
      range,
      undefined,
    );
    for await (const chunk of reader.read(range.offset, range.length)) expect(chunk).toHaveLength(500);
    await reader.close();
    await reader.close();
    await until(() => close.mock.calls.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});
