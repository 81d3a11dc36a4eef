import type { OutgoingHttpHeaders } from 'node:http';
import { Header } from '../../../common/oci/headers';
import type { Exchange } from '../request/exchange';
import type { Provenance } from '../registry/registry-reader';
import { entityTag } from '../../../common/oci/entity-tag';
import type { GetBlobRequest } from '../request/registry-request';
import { baseHeaders } from './answer';
import { addProvenance } from './cache-headers';

/** Returns the headers of all responses about a blob. */
export function blobHeaders(request: GetBlobRequest, exchange: Exchange, from: Provenance): OutgoingHttpHeaders {
  const headers = baseHeaders(exchange);
  addProvenance(headers, exchange, from, request.address);
  headers[Header.dockerContentDigest] = request.digest;
  headers['ETag'] = entityTag(request.digest);
  headers['Accept-Ranges'] = 'bytes';
  return headers;
}
