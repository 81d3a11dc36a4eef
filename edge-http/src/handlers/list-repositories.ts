import type { RegistryReader } from '../registry/registry-reader';
import type { Handler } from '../request/exchange';
import type { ListRepositoriesRequest } from '../request/registry-request';
import { answerJson, baseHeaders } from '../response/answer';
import { nextPageLink } from '../response/page-link';

/**
 * Creates the handler of GET|HEAD /v2/_catalog. `n=0` is an empty page without a link, as for tags;
 * one repository is requested from the data plane in that case, to check the credentials. Shared
 * caches must not store the answer, because it depends on the caller.
 */
export function createListRepositories(reader: RegistryReader): Handler<ListRepositoriesRequest> {
  return async (request, exchange) => {
    const { hostOrganization, limit, last } = request;
    const asked = limit === undefined ? 0 : Math.max(limit, 1);
    const { names, nextLast, nextLimit } = await reader.listRepositories(
      { context: exchange.context, hostOrganization, limit: asked, last },
      exchange.departure,
    );
    const headers = { ...baseHeaders(exchange), 'Cache-Control': 'private', Vary: 'Authorization' };
    const link =
      nextLast === '' || limit === 0 ? {} : { Link: nextPageLink({ ...request, limit: nextLimit, last: nextLast }) };
    answerJson(exchange, 200, { ...headers, ...link }, { repositories: limit === 0 ? [] : names });
  };
}
