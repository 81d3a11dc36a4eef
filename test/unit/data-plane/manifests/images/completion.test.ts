import { LayoverError } from '../../../../../common/errors/layover-error';
import type { Descriptor } from '../../../../../common/oci/descriptor';
import { MediaType } from '../../../../../common/oci/media-types';
import {
  type CompleteBlob,
  Completion,
  type CompletionLimits,
} from '../../../../../data-plane/src/manifests/images/completion';
import type { FetchedManifest } from '../../../../../data-plane/src/upstream/upstream-registry';
import type { OrganizationSpec } from '../../../../support/data-plane/fakes/organizations';
import { TestClock } from '../../../../support/test-clock';
import { pullRig, silentLogger } from '../../../../support/data-plane/fakes/pull-rig';
import { blobNamed, imageNamed, indexOf, manifestOf } from '../../../../support/data-plane/fakes/sample-manifests';

const image = imageNamed('first');
const digests = (name: string): string[] =>
  [`${name} config`, `${name} layer`, 'shared layer'].map((blob) => blobNamed(blob).digest);
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function rig(
  complete: CompleteBlob,
  spec: Partial<OrganizationSpec> = {},
  limits: Partial<CompletionLimits> = {},
) {
  const { access } = pullRig({ name: 'acme', ...spec });
  const target = await access.authorize(access.locate({ kind: 'organization', name: 'acme' }, 'team/app'), '');
  const clock = new TestClock();
  const bounds = { maxWaiting: 100, concurrency: 2, delayMs: 1000, ...limits };
  const completion = new Completion(complete, bounds, clock, silentLogger);
  const consider = ({ digest, mediaType, content }: FetchedManifest, fresh = false): void =>
    completion.consider(target, { digest, mediaType, size: content.length }, content, fresh);
  return { completion, clock, consider };
}

test('Completion fills the config and the layers once each, after the head start of the client', async () => {
  const done: string[] = [];
  const { clock, consider } = await rig(async (_target, blob) => void done.push(blob.digest));
  consider(image);
  consider(image);
  clock.advance(999);
  await settle();
  expect(done).toEqual([]);
  clock.advance(1);
  await settle();
  expect(done.sort()).toEqual(digests('first').sort());
  consider(image);
  clock.advance(1000);
  await settle();
  expect(done).toHaveLength(3);
});

test('Completion completes an image again that was fetched again: it may have been evicted', async () => {
  const done: string[] = [];
  const { clock, consider } = await rig(async (_target, blob) => void done.push(blob.digest));
  for (let times = 1; times <= 2; times += 1) {
    consider(image, true);
    clock.advance(1000);
    await settle();
    expect(done).toHaveLength(3 * times);
  }
});

test('Completion fills nothing for an index, foreign layers, or an organization without completion', async () => {
  const done: string[] = [];
  const complete = async (_target: unknown, blob: Descriptor): Promise<void> => void done.push(blob.digest);
  const off = await rig(complete, { completeImages: false });
  off.consider(image);
  const on = await rig(complete);
  on.consider(indexOf(image));
  const config = blobNamed('config');
  on.consider(manifestOf({ config, layers: [{ ...blobNamed('foreign'), urls: ['http://169.254.169.254/'] }] }));
  off.clock.advance(1000);
  on.clock.advance(1000);
  await settle();
  expect(done).toEqual([config.digest]);
});

test('Completion fills the blobs that an index names, and blobs of unknown size', async () => {
  const done: [string, number][] = [];
  const { clock, consider } = await rig(async (_target, { digest, size }) => void done.push([digest, size]));
  const cache = { ...blobNamed('cache'), mediaType: 'application/vnd.buildkit.cacheconfig.v0' };
  const unsized = { ...blobNamed('unsized'), size: undefined };
  const manifests = [unsized, cache, { ...blobNamed('image'), mediaType: MediaType.ociManifest }];
  consider(manifestOf({ schemaVersion: 2, manifests }, MediaType.ociIndex));
  clock.advance(1000);
  await settle();
  expect(done).toEqual([
    [unsized.digest, 0],
    [cache.digest, cache.size],
  ]);
});

test('Completion limits the concurrent and the waiting blobs', async () => {
  let running = 0;
  let most = 0;
  const ends: (() => void)[] = [];
  const { completion, clock, consider } = await rig(
    () => {
      most = Math.max(most, (running += 1));
      return new Promise((resolve) => ends.push(() => resolve(void (running -= 1))));
    },
    {},
    { concurrency: 2, maxWaiting: 4 },
  );
  for (let index = 0; index < 10; index += 1) consider(imageNamed(`image ${index}`));
  clock.advance(1000);
  await settle();
  expect(completion.depth()).toBeLessThanOrEqual(6);
  while (ends.length > 0) {
    ends.shift()?.();
    await settle();
  }
  expect(most).toBe(2);
  expect(completion.depth()).toBe(0);
});

test('Completion retries a failure with the next pull, not by itself', async () => {
  let tries = 0;
  const { clock, consider } = await rig(async () => {
    tries += 1;
    throw new LayoverError('UPSTREAM_FAILED');
  });
  consider(image);
  clock.advance(1000);
  await settle();
  expect(tries).toBe(3);
  clock.advance(100_000);
  await settle();
  expect(tries).toBe(3);
  consider(image);
  clock.advance(1000);
  await settle();
  expect(tries).toBe(6);
});

test('Completion starts nothing after stop', async () => {
  const done: string[] = [];
  const { completion, clock, consider } = await rig(async (_target, blob) => void done.push(blob.digest));
  consider(image);
  completion.stop();
  clock.advance(1000);
  consider(imageNamed('second'));
  clock.advance(1000);
  await settle();
  expect(done).toEqual([]);
});
