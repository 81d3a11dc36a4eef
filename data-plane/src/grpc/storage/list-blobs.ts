import { parseDigest } from '../../../../common/oci/digest';
import type { ListBlobsReply } from '../../../../proto/gen/layover/v1/ListBlobsReply';
import type { ListBlobsRequest__Output } from '../../../../proto/gen/layover/v1/ListBlobsRequest';
import type { StoredBlobs } from '../../store/guard/stored-blobs';
import { invalidField } from '../read-request';

/** Maximum page size (storage.proto). */
const MAX_PAGE = 1000;

/** Answers Storage.ListBlobs (storage.proto). Throws REQUEST_INVALID, STORE_FAILED. */
export async function listBlobsRpc(stored: StoredBlobs, message: ListBlobsRequest__Output): Promise<ListBlobsReply> {
  const { after, limit } = message;
  if (after !== '' && parseDigest(after) === undefined) {
    throw invalidField('after', `is not a digest: ${JSON.stringify(after.slice(0, 150))}`);
  }
  if (limit < 0 || limit > MAX_PAGE) throw invalidField('limit', `is ${limit}; it must be between 0 and ${MAX_PAGE}`);
  const { blobs, more } = await stored.list(after, limit === 0 ? MAX_PAGE : limit);
  return { blobs: [...blobs], more };
}
