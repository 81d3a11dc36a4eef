import type { Exchange } from '../request/exchange';
import type { BlobHeader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import { blobHeaders } from '../response/blob-headers';
import { BodyWriter } from './body-writer';
import { contentRange } from './content-range';

/** Writes the response head for what `header` describes, as a part of the blob or as the whole. */
export function writeHead(
  { clientIdleMs }: { readonly clientIdleMs: number },
  request: GetBlobRequest,
  exchange: Exchange,
  header: BlobHeader,
  isPart: boolean,
): BodyWriter {
  const { response } = exchange;
  const headers = blobHeaders(request, exchange, header);
  headers['Content-Type'] = 'application/octet-stream';
  headers['Content-Length'] = header.length;
  if (isPart) headers['Content-Range'] = contentRange(header, header.size);
  response.writeHead(isPart ? 206 : 200, headers);
  // Sent before the first byte is available, because clients do not wait long for a response head
  // (containerd 30 s) and the upstream may be slow.
  response.flushHeaders();
  return new BodyWriter(response, header.length, clientIdleMs);
}
