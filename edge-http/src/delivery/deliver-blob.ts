import type { RangeRequest } from '../../../common/oci/byte-range';
import type { Exchange } from '../request/exchange';
import type { BlobHeader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import { answer } from '../response/answer';
import { blobHeaders } from '../response/blob-headers';
import { answerOffloaded } from './answer-offloaded';
import { deliverParts } from './deliver-parts';
import type { DeliveryDependencies } from './delivery-dependencies';
import { RangeDelivery } from './range-delivery';
import { writeHead } from './write-head';

/** Answers a GET of a blob, or of the parts that `ranges` select; none = the whole blob. */
export type DeliverBlob = (
  request: GetBlobRequest,
  ranges: readonly RangeRequest[],
  exchange: Exchange,
) => Promise<void>;

/**
 * Creates the delivery of blobs (docs/design/delivery.md#deliveries). Refusals happen before the
 * response head. After it, the only way to report an error is to close the connection, which the
 * caller does on a rejection. The call to the data plane is always cancelled and the file closed.
 */
export function createDeliverBlob(dependencies: DeliveryDependencies): DeliverBlob {
  return async (request, ranges, exchange) => {
    const delivery = new RangeDelivery(dependencies, request, exchange, dependencies.clock.now());
    try {
      if (ranges.length > 1) await deliverParts(dependencies, delivery, request, ranges, exchange);
      else await deliverOne(dependencies, delivery, request, ranges[0], exchange);
    } finally {
      await delivery.close();
    }
  };
}

async function deliverOne(
  dependencies: DeliveryDependencies,
  delivery: RangeDelivery,
  request: GetBlobRequest,
  range: RangeRequest | undefined,
  exchange: Exchange,
): Promise<void> {
  // Clients repeat their headers after a redirect. It is unknown what the bucket does with an
  // If-Range that contains our entity tag.
  const conditional = exchange.request.headers['if-range'] !== undefined;
  const { offload, metrics } = dependencies;
  const counted = offload?.hasFailed(exchange.request.headers) ?? false;
  if (counted) metrics.offloadFailed();
  const supply = await delivery.open({ range, accepts: conditional ? 'bytes' : 'any', avoid: [], counted });
  const { header } = supply;
  if (header.delivery.kind === 'redirect') {
    redirect(dependencies, request, exchange, header.delivery.url, header);
    return;
  }
  const uri = await offload?.uriFor(exchange.request.headers, supply);
  if (uri !== undefined) {
    metrics.offloaded(header.length);
    answerOffloaded(request, exchange, header, uri);
    return;
  }
  const out = writeHead(dependencies, request, exchange, header, range !== undefined);
  await delivery.send(header, out);
  out.end();
  await delivery.finish();
}

function redirect(
  { metrics }: DeliveryDependencies,
  request: GetBlobRequest,
  exchange: Exchange,
  url: string,
  header: BlobHeader,
): void {
  const headers = blobHeaders(request, exchange, header);
  headers['Location'] = url;
  // The URL is signed and only valid for minutes.
  headers['Cache-Control'] = 'no-store';
  metrics.redirected();
  answer(exchange, 307, headers, '');
}
