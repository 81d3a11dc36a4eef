import { formatTarget } from '../request/format-request';
import type { ListReferrersRequest, ListTagsRequest } from '../request/registry-request';

/**
 * Link to the next page (RFC 8288): relative, so that it leads back here through whatever stands in
 * front (docs/design/pull-semantics.md#tag-lists).
 */
export function nextPageLink(next: ListTagsRequest | ListReferrersRequest): string {
  return `<${formatTarget(next)}>; rel="next"`;
}
