import type { DeliverBlob } from '../delivery/deliver-blob';
import type { Exchange, Handler } from '../request/exchange';
import type { BlobStatAnswer, RegistryReader } from '../registry/registry-reader';
import { namesContent } from '../../../common/oci/entity-tag';
import { requestedRanges } from '../request/conditions';
import type { GetBlobRequest } from '../request/registry-request';
import { answer } from '../response/answer';
import { blobHeaders } from '../response/blob-headers';

/**
 * Creates the handler of GET|HEAD /v2/<name>/blobs/<digest> (end-2). A HEAD, and a GET of content
 * that the client already has, start no fill. Both are authorized like any read, so that a client
 * cannot find out what the cache holds (docs/design/access.md#existence). Range applies to GET only
 * (RFC 9110 section 14.2).
 */
export function createGetBlob(reader: RegistryReader, deliver: DeliverBlob): Handler<GetBlobRequest> {
  async function stat({ address, digest }: GetBlobRequest, exchange: Exchange): Promise<BlobStatAnswer> {
    return reader.statBlob({ context: exchange.context, address, digest }, exchange.departure);
  }
  return async (request, exchange) => {
    const { digest } = request;
    const { headers } = exchange.request;
    if (namesContent(headers['if-none-match'], digest)) {
      answer(exchange, 304, blobHeaders(request, exchange, await stat(request, exchange)), '');
      return;
    }
    if (!request.head) {
      await deliver(request, requestedRanges(headers, digest), exchange);
      return;
    }
    const found = await stat(request, exchange);
    const answered = blobHeaders(request, exchange, found);
    answered['Content-Type'] = 'application/octet-stream';
    answered['Content-Length'] = found.size;
    answer(exchange, 200, answered, '');
  };
}
