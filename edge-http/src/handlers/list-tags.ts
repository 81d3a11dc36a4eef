import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import { formatName } from '../request/format-request';
import type { ListTagsRequest } from '../request/registry-request';
import { answerJson, baseHeaders } from '../response/answer';
import { addProvenance } from '../response/cache-headers';
import { nextPageLink } from '../response/page-link';

/**
 * GET|HEAD /v2/<name>/tags/list (end-8a, end-8b). `n=0` is an empty page without a link, as the OCI distribution specification has it; the data plane is asked for
 * one tag then, since whether the repository may be read is still to be found out.
 */
export function createListTags(reader: RegistryReader): Handler<ListTagsRequest> {
  return async (request, exchange) => {
    const { address, limit, last } = request;
    const asked = limit === undefined ? 0 : Math.max(limit, 1);
    const page = await reader.listTags({ context: exchange.context, address, limit: asked, last }, exchange.signal);
    const headers = baseHeaders(exchange);
    addProvenance(headers, exchange, page, address);
    if (page.nextLast !== '' && limit !== 0) {
      const next = page.nextLimit > 0 ? page.nextLimit : limit;
      headers['Link'] = nextPageLink({ ...request, limit: next, last: page.nextLast });
    }
    answerJson(exchange, 200, headers, { name: formatName(address), tags: limit === 0 ? [] : page.tags });
  };
}
