import type { ListTagsReply } from '../../../../proto/gen/layover/v1/ListTagsReply';
import type { ListTagsRequest__Output } from '../../../../proto/gen/layover/v1/ListTagsRequest';
import type { Addresses } from '../../access/addresses';
import type { TagList } from '../../manifests/list-tags';
import { readRepository } from '../read-request';

/** Answers Registry.ListTags (registry.proto). Throws NAME_INVALID and the errors of TagList. */
export async function listTagsRpc(
  addresses: Addresses,
  list: TagList,
  message: ListTagsRequest__Output,
  signal: AbortSignal,
): Promise<ListTagsReply> {
  const { limit, last, page } = message;
  const asked = { ...readRepository(message, signal), limit, last, page };
  const found = await addresses.answer(asked, (request) => list.list(request));
  return { ...found, tags: [...found.tags] };
}
