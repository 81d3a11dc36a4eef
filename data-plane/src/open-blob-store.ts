import type { Clock } from '../../common/runtime/clock';
import type { Logger } from '../../common/runtime/logger';
import type { BlobLinks } from './store/blob-links';
import type { BlobStore } from './store/blob-store';
import type { DataPlaneConfig } from './config';
import { kernelBootId } from './store/directory/boot-id';
import { createDirectoryBlobStore } from './store/directory/directory-blob-store';
import { createGcsBlobStore } from './store/gcs/gcs-blob-store';
import type { GcsLimits } from './store/gcs/limits';
import { defaultSignUrl, type SignUrl } from './store/gcs/sign-url';
import { createCachedBlobStore } from './store/copies/cached-blob-store';
import { LocalCopies } from './store/copies/local-copies';

/** Where blobs are to be kept. */
export type BlobStoreConfig = Pick<
  DataPlaneConfig,
  'blobFolder' | 'bucket' | 'localCacheBytes' | 'redirectMs' | 'home'
>;

/** What tests put in place of the real thing. */
export interface BlobStoreOverrides {
  readonly bucketLimits?: Partial<GcsLimits>;
  readonly signUrl?: SignUrl;
}

/** Where blobs are kept, ready to be used. */
export interface OpenedBlobStore {
  readonly store: BlobStore;
  /** Where clients may be sent to the bucket. */
  readonly links?: BlobLinks;
  /** Gives up what can be had again, so that so many bytes fit on the disk. */
  readonly makeRoom: (bytes: number) => Promise<void>;
  /** Bytes that local copies have; undefined where there are none. */
  readonly copiesBytes?: () => number;
  /** Lets go of it. Whoever opened it closes it. */
  close(): Promise<void>;
}

/** A directory, or a bucket with local copies in front of it (unless they may have no bytes). */
export async function openBlobStore(
  config: BlobStoreConfig,
  overrides: BlobStoreOverrides,
  clock: Clock,
  logger: Logger,
): Promise<OpenedBlobStore> {
  const { bucket, localCacheBytes: capacityBytes, home, redirectMs } = config;
  if (bucket === undefined) {
    const directory = createDirectoryBlobStore({ root: config.blobFolder, clock, logger });
    await directory.prepare();
    return { store: directory, makeRoom: () => Promise.resolve(), close: () => directory.close() };
  }
  const limits = overrides.bucketLimits;
  const far = createGcsBlobStore({ address: bucket, emulator: bucket.emulator, limits, clock, logger });
  // Not waited for: with the bucket away, what has a local copy is served.
  void far.prepare();
  const copies = new LocalCopies({ root: home.copies, capacityBytes, clock, logger, bootId: kernelBootId() });
  // Without bytes too: what an earlier run has kept goes away.
  await copies.prepare();
  const near = createCachedBlobStore({ store: far, copies, clock });
  return {
    store: capacityBytes === 0 ? far : near,
    ...(redirectMs === undefined
      ? {}
      : { links: far.links(overrides.signUrl ?? defaultSignUrl(bucket, bucket.emulator), redirectMs) }),
    makeRoom: (bytes) => copies.makeRoom(bytes),
    copiesBytes: () => copies.totalBytes,
    async close() {
      await near.close();
      await far.close();
    },
  };
}
