import type { ListTagsReply } from '../../../../proto/gen/layover/v1/ListTagsReply';
import type { ListTagsRequest__Output } from '../../../../proto/gen/layover/v1/ListTagsRequest';
import { type ListParts, listTags } from '../../manifests/list-tags';
import { readRepository } from '../read-request';

/** Answers Registry.ListTags (registry.proto). Throws NAME_INVALID and the errors of listTags. */
export async function listTagsRpc(
  parts: ListParts,
  message: ListTagsRequest__Output,
  signal: AbortSignal,
): Promise<ListTagsReply> {
  const { limit, last } = message;
  const page = await listTags(parts, { ...readRepository(message, signal), limit, last });
  return { ...page, tags: [...page.tags] };
}
