import { entityTag, namesContent } from '../../../common/oci/entity-tag';
import { Header } from '../../../common/oci/headers';
import type { Handler } from '../request/exchange';
import type { RegistryReader } from '../registry/registry-reader';
import type { GetManifestRequest } from '../request/registry-request';
import { readAccept } from '../request/request-context';
import { answer, baseHeaders } from '../response/answer';
import { addProvenance } from '../response/cache-headers';

/**
 * Creates the handler of GET|HEAD /v2/<name>/manifests/<reference> (end-3). Manifests are small, so
 * ranges are not supported.
 */
export function createGetManifest(reader: RegistryReader): Handler<GetManifestRequest> {
  return async (request, exchange) => {
    const { address, reference, head } = request;
    const ifNoneMatch = exchange.request.headers['if-none-match'];
    const query = {
      context: exchange.context,
      address,
      reference,
      headOnly: head,
      accept: readAccept(exchange.request),
      ifNoneMatch,
    };
    const manifest = await reader.getManifest(query, exchange.departure);
    const headers = baseHeaders(exchange);
    addProvenance(headers, exchange, manifest, address);
    headers[Header.dockerContentDigest] = manifest.digest;
    headers['ETag'] = entityTag(manifest.digest);
    if (manifest.ageSeconds >= 0) headers['Age'] = manifest.ageSeconds;
    if (namesContent(ifNoneMatch, manifest.digest)) {
      answer(exchange, 304, headers, '');
      return;
    }
    headers['Content-Type'] = manifest.mediaType;
    headers['Content-Length'] = manifest.size;
    if (!head && manifest.content.length !== manifest.size)
      throw new Error(
        `Manifest ${manifest.digest} has ${manifest.content.length} bytes, but its size is ${manifest.size}.`,
      );
    answer(exchange, 200, headers, manifest.content);
  };
}
