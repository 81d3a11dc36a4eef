import type { ListTagsReply } from '../../../../proto/gen/layover/v1/ListTagsReply';
import type { ListTagsRequest__Output } from '../../../../proto/gen/layover/v1/ListTagsRequest';
import type { Addresses } from '../../access/addresses';
import { type ListParts, listTags } from '../../manifests/list-tags';
import { readRepository } from '../read-request';

/** Answers Registry.ListTags (registry.proto). Throws NAME_INVALID and the errors of listTags. */
export async function listTagsRpc(
  addresses: Addresses,
  parts: ListParts,
  message: ListTagsRequest__Output,
  signal: AbortSignal,
): Promise<ListTagsReply> {
  const { limit, last } = message;
  const asked = { ...readRepository(message, signal), limit, last };
  const page = await addresses.answer(asked, (request) => listTags(parts, request));
  return { ...page, tags: [...page.tags] };
}
