import type { Digest } from '../../common/oci/digest';
import type { Clock } from '../../common/runtime/clock';
import type { Logger } from '../../common/runtime/logger';
import type { BlobLinks } from './store/blob-links';
import type { BlobFiles } from './store/blob-files';
import type { BlobStore } from './store/blob-store';
import type { DataPlaneConfig } from './config';
import { kernelBootId } from './store/directory/boot-id';
import { createDirectoryBlobStore } from './store/directory/directory-blob-store';
import type * as gcs from './store/gcs/gcs-blob-store';
import type { GcsLimits } from './store/gcs/limits';
import type * as signing from './store/gcs/sign-url';
import type { SignUrl } from './store/gcs/sign-url';
import { createCachedBlobStore } from './store/copies/cached-blob-store';
import { LocalCopies } from './store/copies/local-copies';
import type { DiskAccount } from './store/room/disk-account';
import { withinReserve } from './store/room/within-reserve';

/** Settings that select the blob store. */
export type BlobStoreConfig = Pick<
  DataPlaneConfig,
  'blobFolder' | 'bucket' | 'localCacheBytes' | 'redirectMs' | 'home'
>;

/** Replacements of dependencies, for tests. */
export interface BlobStoreOverrides {
  readonly bucketLimits?: Partial<GcsLimits>;
  readonly signUrl?: SignUrl;
}

/** Dependencies of a blob store. */
export interface BlobStoreParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The account of the disk with the spool and the local copies. */
  readonly account: DiskAccount;
  /** Called for a blob that was read with wrong bytes. */
  readonly onDoubt: (digest: Digest) => void;
}

/** A blob store that is ready to be used. */
export interface OpenedBlobStore {
  readonly store: BlobStore;
  /** The files of this host with blobs. */
  readonly files: BlobFiles;
  /** Links to the bucket, if clients may be redirected to it. */
  readonly links?: BlobLinks;
  /** Removes local copies, so that `bytes` bytes fit on the disk; see FillRoomOptions. */
  readonly makeRoom: (bytes: number, enough: number) => Promise<void>;
  /**
   * Notes that many readers of a blob are coming, so that its next opening makes a local copy;
   * undefined if the store keeps no local copies.
   */
  readonly expectReaders?: (digest: Digest) => void;
  /** Whether all data planes see the same blobs. */
  readonly isShared: boolean;
  /** Total size of the local copies in bytes; undefined if the store keeps no local copies. */
  readonly copiesBytes?: () => number;
  /** Closes the store. The caller that opened it closes it. */
  close(): Promise<void>;
}

/**
 * Opens a directory store, or a bucket store with local copies in front of it (unless the copies
 * may have no bytes).
 */
export async function openBlobStore(
  config: BlobStoreConfig,
  overrides: BlobStoreOverrides,
  { clock, logger, account, onDoubt }: BlobStoreParts,
): Promise<OpenedBlobStore> {
  const { bucket, localCacheBytes: capacityBytes, home, redirectMs } = config;
  if (bucket === undefined) {
    const directory = createDirectoryBlobStore({ root: config.blobFolder, clock, logger });
    await directory.prepare();
    const store = withinReserve(directory, account);
    const makeRoom = (): Promise<void> => Promise.resolve();
    return { store, isShared: false, files: directory, makeRoom, close: () => directory.close() };
  }
  const limits = overrides.bucketLimits;
  const { createGcsBlobStore, defaultSignUrl } = loadBucketStore();
  const far = createGcsBlobStore({ address: bucket, emulator: bucket.emulator, limits, clock, logger });
  // Not awaited: if the bucket is unavailable, blobs with a local copy are still served.
  void far.prepare();
  const copies = new LocalCopies({ root: home.copies, capacityBytes, clock, logger, bootId: kernelBootId(), account });
  // Also called if copies may have no bytes: it removes the copies of an earlier run.
  await copies.prepare();
  const near = createCachedBlobStore({ store: far, copies, clock, onDoubt });
  return {
    store: capacityBytes === 0 ? far : near,
    isShared: true,
    expectReaders: (digest) => near.expectReaders(digest),
    files: copies,
    ...(redirectMs === undefined
      ? {}
      : { links: far.links(overrides.signUrl ?? defaultSignUrl(bucket, bucket.emulator), redirectMs) }),
    makeRoom: (bytes, enough) => copies.makeRoom(bytes, enough),
    copiesBytes: () => copies.totalBytes,
    async close() {
      await near.close();
      await far.close();
    },
  };
}

/** Loads the store in a bucket: its libraries take 20 MB and time at the start. */
function loadBucketStore(): typeof gcs & typeof signing {
  /* eslint-disable @typescript-eslint/no-require-imports -- loaded on demand */
  return {
    ...(require('./store/gcs/gcs-blob-store') as typeof gcs),
    ...(require('./store/gcs/sign-url') as typeof signing),
  };
  /* eslint-enable @typescript-eslint/no-require-imports */
}
