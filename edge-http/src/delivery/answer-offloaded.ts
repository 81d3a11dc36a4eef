import type { Exchange } from '../request/exchange';
import type { BlobHeader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import { blobHeaders } from '../response/blob-headers';

/**
 * Answers nginx, which then sends the file at its internal `uri` to the client with the headers of
 * this answer (deploy/nginx). The status says that there is no content: a proxy that passes this
 * answer on, instead of sending the file, must not make an empty blob of it.
 */
export function answerOffloaded(request: GetBlobRequest, exchange: Exchange, header: BlobHeader, uri: string): void {
  const headers = blobHeaders(request, exchange, header);
  headers['Content-Type'] = 'application/octet-stream';
  headers['X-Accel-Redirect'] = uri;
  // nginx adds it to a whole file, in addition to ours, but not to a range.
  if (exchange.request.headers.range === undefined) delete headers['Accept-Ranges'];
  exchange.response.writeHead(204, headers);
  exchange.response.end();
}
