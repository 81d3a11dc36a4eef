import type { ListTagsReply } from '../../../../proto/gen/layover/v1/ListTagsReply';
import type { ListTagsRequest__Output } from '../../../../proto/gen/layover/v1/ListTagsRequest';
import type { TagList } from '../../manifests/list-tags';
import { readRepository } from '../read-request';

/** Answers Registry.ListTags (registry.proto). Throws NAME_INVALID and the errors of TagList. */
export async function listTagsRpc(
  list: TagList,
  message: ListTagsRequest__Output,
  signal: AbortSignal,
): Promise<ListTagsReply> {
  const { limit, last, page } = message;
  const found = await list.list({ ...readRepository(message, signal), limit, last, page });
  return { ...found, tags: [...found.tags] };
}
