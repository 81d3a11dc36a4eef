import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { systemClock } from '../../../../common/runtime/clock';
import { type CatalogClient, createCatalogClient } from '../../../../data-plane/src/catalog/catalog-client';
import type { Catalog } from '../../../../data-plane/src/known/catalog';
import { createGrpcCatalog } from '../../../../data-plane/src/catalog/grpc-catalog';
import { FakeCatalog } from '../../../support/fake-catalog';
import { descriptor, digest, manifestOf, REPOSITORY, tagOf } from '../../../support/data-plane/known';
import { TestClock } from '../../../support/test-clock';

let fake: FakeCatalog;
let client: CatalogClient;
let catalog: Catalog;

beforeEach(async () => {
  fake = await FakeCatalog.start();
  client = createCatalogClient(fake.address);
  catalog = createGrpcCatalog({ client, clock: systemClock, timeoutMs: 10_000 });
});
afterEach(async () => {
  client.close();
  await fake.stop();
});

describe('GrpcCatalog', () => {
  test('returns known tags, manifests and blobs', async () => {
    fake.setTag(REPOSITORY, 'never', { ...tagOf('m'), expiresAt: -1 });
    fake.setTag(REPOSITORY, 'later', { ...tagOf('m'), expiresAt: 5000 });
    fake.setManifest(REPOSITORY, { manifest: descriptor('m'), references: [...manifestOf('m', 'l').references] });
    fake.setBlob(REPOSITORY, descriptor('l'));
    expect(await catalog.lookupTag(REPOSITORY, 'never')).toEqual(tagOf('m'));
    expect(await catalog.lookupTag(REPOSITORY, 'later')).toEqual({ ...tagOf('m'), expiresAt: 5000 });
    expect(await catalog.lookupManifest(REPOSITORY, digest('m'))).toEqual(manifestOf('m', 'l'));
    expect((await catalog.lookupBlob(REPOSITORY, digest('l'), [])).blob).toEqual(descriptor('l'));
    expect(fake.calls[0]).toEqual({ method: 'LookupTag', request: { repository: REPOSITORY, tag: 'never' } });
  });

  test('returns undefined for unknown content', async () => {
    expect(await catalog.lookupTag(REPOSITORY, 'none')).toBeUndefined();
    expect(await catalog.lookupManifest(REPOSITORY, digest('m'))).toBeUndefined();
    expect((await catalog.lookupBlob(REPOSITORY, digest('l'), [])).blob).toBeUndefined();
  });

  test('lists tags page by page', async () => {
    for (const name of ['c', 'a', 'b']) fake.setTag(REPOSITORY, name, { ...tagOf('m'), expiresAt: -1 });
    expect(await catalog.listCachedTags(REPOSITORY, 2, '')).toEqual({ tags: ['a', 'b'], more: true });
    expect(await catalog.listCachedTags(REPOSITORY, 2, 'b')).toEqual({ tags: ['c'], more: false });
  });

  test('returns the decisions about admissions', async () => {
    const request = { repository: REPOSITORY, manifest: descriptor('m'), tag: 'v1', checkedAt: 5 };
    expect(await catalog.admit(request)).toEqual({ decision: 'admitted' });
    expect([...fake.admissions.values()]).toMatchObject([request]);
    fake.switches.admission = { decision: 'PASS_THROUGH' };
    expect(await catalog.admit(request)).toEqual({ decision: 'pass-through' });
    fake.switches.admission = {
      decision: 'REJECTED',
      refusal: { message: 'too much', limitBytes: 3, usedBytes: 2, neededBytes: 9 },
    };
    expect(await catalog.admit(request)).toEqual({
      decision: 'rejected',
      message: 'too much',
      detail: { limitBytes: 3, usedBytes: 2, neededBytes: 9 },
    });
    fake.switches.admission = {};
    await expect(catalog.admit(request)).rejects.toMatchObject({ key: 'INTERNAL' });
  });

  test('throws for invalid content and never returns absence', async () => {
    fake.setBlob(REPOSITORY, { ...descriptor('l'), digest: digest('l') });
    fake.setTag(REPOSITORY, 'bad', { manifest: { digest: 'sha256:short' } });
    await expect(catalog.lookupTag(REPOSITORY, 'bad')).rejects.toMatchObject({ key: 'INTERNAL' });
  });
});

describe('GrpcCatalog without the control plane', () => {
  const COOL_DOWN_MS = 200;
  /** Stands still, so that no cool-down ends while a test looks at it. */
  let clock: TestClock;
  let timeoutMs: number;

  beforeEach(async () => {
    clock = new TestClock();
    timeoutMs = 10_000;
    catalog = createGrpcCatalog({
      client,
      clock,
      coolDownMs: COOL_DOWN_MS,
      get timeoutMs() {
        return timeoutMs;
      },
    });
    await catalog.lookupTag(REPOSITORY, 'v1');
  });

  /** Makes calls that the control plane receives and does not answer. Returns their results. */
  async function hang(...calls: (() => Promise<unknown>)[]): Promise<readonly PromiseSettledResult<unknown>[]> {
    const before = fake.calls.length;
    fake.switches.delayMs = 60_000;
    timeoutMs = 300;
    const results = Promise.allSettled(calls.map((call) => call()));
    timeoutMs = 10_000;
    await fake.until(() => fake.calls.length === before + calls.length);
    fake.switches.delayMs = 0;
    return results;
  }

  test('throws NOT_READY, immediately for the next callers, and answers soon after the control plane is back', async () => {
    await fake.stop();
    await expect(catalog.lookupTag(REPOSITORY, 'v1')).rejects.toMatchObject({ key: 'NOT_READY' });
    // If these calls waited for a connection, the test would time out.
    for (let i = 0; i < 500; i++) {
      await expect(catalog.lookupTag(REPOSITORY, 'v1')).rejects.toMatchObject({ key: 'NOT_READY' });
    }
    await fake.start();
    await eventually(() => {
      clock.advance(COOL_DOWN_MS);
      return catalog.lookupTag(REPOSITORY, 'v1');
    });
  });

  test('throws NOT_READY after the timeout of a hanging control plane, and immediately afterwards', async () => {
    const all = await hang(...Array.from({ length: 5 }, () => () => catalog.lookupTag(REPOSITORY, 'v1')));
    for (const one of all) expect(one).toMatchObject({ status: 'rejected', reason: { key: 'NOT_READY' } });
    const before = fake.calls.length;
    await expect(catalog.lookupTag(REPOSITORY, 'v1')).rejects.toMatchObject({ key: 'NOT_READY' });
    expect(fake.calls.length).toBe(before);
    clock.advance(COOL_DOWN_MS);
    expect(await catalog.lookupTag(REPOSITORY, 'v1')).toBeUndefined();
  });

  test('a timeout of an admission concerns only the admissions of this organization', async () => {
    const request = { repository: REPOSITORY, manifest: descriptor('m'), tag: 'v1', checkedAt: 5 };
    const other = { ...request, repository: { ...REPOSITORY, organizationUid: 'another' } };
    const [late] = await hang(() => catalog.admit(request));
    expect(late).toMatchObject({ status: 'rejected', reason: { key: 'NOT_READY' } });
    const before = fake.calls.length;
    await expect(catalog.admit(request)).rejects.toMatchObject({ key: 'NOT_READY' });
    expect(fake.calls.length).toBe(before);
    await catalog.admit(other);
    await catalog.lookupTag(REPOSITORY, 'v1');
    expect(fake.calls.length).toBe(before + 2);
  });

  test('a timeout of a list of repositories does not concern the look-ups of pulls', async () => {
    const list = (): Promise<unknown> => catalog.listCachedRepositories([REPOSITORY], 1, '');
    const [late] = await hang(list);
    expect(late).toMatchObject({ status: 'rejected', reason: { key: 'NOT_READY' } });
    const before = fake.calls.length;
    await expect(list()).rejects.toMatchObject({ key: 'NOT_READY' });
    expect(fake.calls.length).toBe(before);
    await catalog.lookupTag(REPOSITORY, 'v1');
    expect(fake.calls.length).toBe(before + 1);
  });

  test('throws NOT_READY for a call that an earlier control plane does not know', async () => {
    fake.switches.failWith = status.UNIMPLEMENTED;
    await expect(catalog.listCachedRepositories([REPOSITORY], 1, '')).rejects.toMatchObject({
      key: 'NOT_READY',
      message: 'the control plane does not know ListCachedRepositories yet',
    });
  });

  test('throws an internal error of the control plane and calls it again', async () => {
    fake.switches.failWith = status.INTERNAL;
    await expect(catalog.lookupTag(REPOSITORY, 'v1')).rejects.toMatchObject({ key: 'INTERNAL' });
    fake.switches.failWith = undefined;
    expect(await catalog.lookupTag(REPOSITORY, 'v1')).toBeUndefined();
  });
});

test('connects over a unix socket regardless of http_proxy', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'layover-test-'));
  const before = process.env['http_proxy'];
  process.env['http_proxy'] = 'http://127.0.0.1:1';
  const other = await FakeCatalog.start(undefined, { kind: 'unix', path: join(folder, 'catalog.sock') });
  const otherClient = createCatalogClient(other.address);
  try {
    const there = createGrpcCatalog({ client: otherClient, clock: systemClock });
    expect(await there.lookupTag(REPOSITORY, 'v1')).toBeUndefined();
    // Over TCP as well, with the default timeout.
    const overTcp = createGrpcCatalog({ client, clock: systemClock });
    expect(await overTcp.lookupTag(REPOSITORY, 'v1')).toBeUndefined();
  } finally {
    if (before === undefined) delete process.env['http_proxy'];
    else process.env['http_proxy'] = before;
    otherClient.close();
    await other.stop();
    rmSync(folder, { recursive: true });
  }
});

/** Repeats the call until it succeeds; the timeout of the test is the limit. */
async function eventually(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
