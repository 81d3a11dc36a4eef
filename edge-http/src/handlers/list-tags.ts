import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import { formatName } from '../request/format-request';
import type { ListTagsRequest } from '../request/registry-request';
import { answerJson, baseHeaders } from '../response/answer';
import { addProvenance } from '../response/cache-headers';
import { nextPageLink } from '../response/page-link';

/**
 * Creates the handler of GET|HEAD /v2/<name>/tags/list (end-8a, end-8b). `n=0` is an empty page
 * without a link, as in the OCI distribution specification. One tag is requested from the data
 * plane in that case, to check the access to the repository.
 */
export function createListTags(reader: RegistryReader): Handler<ListTagsRequest> {
  return async (request, exchange) => {
    const { address, limit, last, page: token } = request;
    const asked = limit === undefined ? 0 : Math.max(limit, 1);
    const page = await reader.listTags(
      { context: exchange.context, address, limit: asked, last, page: token },
      exchange.departure,
    );
    const headers = baseHeaders(exchange);
    addProvenance(headers, exchange, page, address);
    if ((page.nextLast !== '' || page.nextPage !== '') && limit !== 0) {
      const next = page.nextLimit > 0 ? page.nextLimit : limit;
      const place = page.nextPage === '' ? { last: page.nextLast, page: '' } : { last: '', page: page.nextPage };
      headers['Link'] = nextPageLink({ ...request, limit: next, ...place });
    }
    answerJson(exchange, 200, headers, { name: formatName(address), tags: limit === 0 ? [] : page.tags });
  };
}
