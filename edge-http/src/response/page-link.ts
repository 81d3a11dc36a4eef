import { formatTarget } from '../request/format-request';
import type { ListReferrersRequest, ListRepositoriesRequest, ListTagsRequest } from '../request/registry-request';

/**
 * Returns the Link header of the next page (RFC 8288). The link is relative, so that it works
 * behind proxies (docs/design/pull-semantics.md#tag-lists).
 */
export function nextPageLink(next: ListTagsRequest | ListRepositoriesRequest | ListReferrersRequest): string {
  return `<${formatTarget(next)}>; rel="next"`;
}
