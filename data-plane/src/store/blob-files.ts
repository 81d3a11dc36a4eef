import type { Digest } from '../../../common/oci/digest';
import type { BlobPage, StoredBlob } from './blob-store';

/** The files of this host in which a store keeps blobs, for checks of their bytes. */
export interface BlobFiles {
  /** Lists the files like BlobStore.list. */
  list(after: string, limit: number): Promise<BlobPage>;
  /** Opens a file. That does not count as a read. undefined = the file is gone. */
  openFile(digest: Digest): Promise<StoredBlob | undefined>;
}
