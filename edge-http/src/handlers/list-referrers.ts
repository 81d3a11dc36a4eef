import { Header } from '../../../common/oci/headers';
import { MediaType } from '../../../common/oci/media-types';
import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import type { ListReferrersRequest } from '../request/registry-request';
import { answer, baseHeaders } from '../response/answer';
import { addProvenance } from '../response/cache-headers';
import { nextPageLink } from '../response/page-link';

/**
 * Creates the handler of GET|HEAD /v2/<name>/referrers/<digest> (end-12a, end-12b). An outage is an
 * error and never 404, because 404 would mean "not signed"
 * (docs/design/pull-semantics.md#referrers).
 */
export function createListReferrers(reader: RegistryReader): Handler<ListReferrersRequest> {
  return async (request, exchange) => {
    const { address, digest, artifactType, page } = request;
    const found = await reader.listReferrers(
      { context: exchange.context, address, digest, artifactType, page },
      exchange.departure,
    );
    const headers = baseHeaders(exchange);
    addProvenance(headers, exchange, found, address);
    headers['Content-Type'] = MediaType.ociIndex;
    if (found.filtered) headers[Header.ociFiltersApplied] = 'artifactType';
    if (found.nextPage !== '') headers['Link'] = nextPageLink({ ...request, page: found.nextPage });
    answer(exchange, 200, headers, found.content);
  };
}
