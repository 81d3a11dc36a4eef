import { randomBytes } from 'node:crypto';
import { isLayoverError } from '../../../common/errors/layover-error';
import { type RangeRequest, type ResolvedRange, resolveRanges } from '../../../common/oci/byte-range';
import type { BlobHeader } from '../registry/registry-reader';
import type { Exchange } from '../request/exchange';
import type { GetBlobRequest } from '../request/registry-request';
import { blobHeaders } from '../response/blob-headers';
import { BodyWriter } from './body-writer';
import { contentRange } from './content-range';
import type { DeliveryDependencies } from './delivery-dependencies';
import type { RangeDelivery } from './range-delivery';
import { writeHead } from './write-head';

/**
 * Answers a GET of several ranges with `multipart/byteranges` (RFC 9110 sections 14.6 and
 * 15.3.7.2), one call to a data plane per part. Ranges outside the blob are left out, and
 * overlapping ones are joined. If one part is left, it is the whole answer. Rejects with
 * RANGE_INVALID if none is left, and with the errors of RangeDelivery.
 */
export async function deliverParts(
  dependencies: DeliveryDependencies,
  delivery: RangeDelivery,
  request: GetBlobRequest,
  ranges: readonly RangeRequest[],
  exchange: Exchange,
): Promise<void> {
  let header = await openFirst(delivery, ranges);
  const { size } = header;
  const parts = resolveRanges(ranges, size);
  const [first] = parts as [ResolvedRange, ...ResolvedRange[]];
  if (first.offset !== header.offset || first.length !== header.length) header = await openPart(delivery, first, size);
  if (parts.length === 1) {
    const out = writeHead(dependencies, request, exchange, header, true);
    await delivery.send(header, out);
    out.end();
    await delivery.finish();
    return;
  }
  const boundary = `layover-${randomBytes(16).toString('hex')}`;
  const heads = parts.map((part) => headOf(part, size, boundary));
  const end = Buffer.from(`\r\n--${boundary}--\r\n`);
  const length = parts.reduce((sum, part, at) => sum + heads[at]!.length + part.length, end.length);
  const out = writePartsHead(dependencies, request, exchange, header, boundary, length);
  for (const [at, part] of parts.entries()) {
    if (at > 0) header = await openPart(delivery, part, size);
    await out.write(heads[at]!);
    await delivery.send(header, out);
    await delivery.finish();
  }
  await out.write(end);
  out.end();
}

/** Opens the first range that is within the blob. */
async function openFirst(delivery: RangeDelivery, ranges: readonly RangeRequest[]): Promise<BlobHeader> {
  for (const [at, range] of ranges.entries()) {
    try {
      return (await delivery.open({ range, accepts: 'bytes', avoid: [] })).header;
    } catch (error) {
      if (at === ranges.length - 1 || !isLayoverError(error) || error.key !== 'RANGE_INVALID') throw error;
    }
  }
  throw new Error('A delivery of parts needs ranges.');
}

async function openPart(delivery: RangeDelivery, { offset, length }: ResolvedRange, size: number): Promise<BlobHeader> {
  const range = { kind: 'bytes', first: offset, last: offset + length - 1 } as const;
  const { header } = await delivery.openFurther({ range, accepts: 'bytes', avoid: [] });
  if (header.size !== size)
    throw new Error(`The size of a blob changed from ${size} to ${header.size} bytes during its delivery.`);
  return header;
}

/** Returns what precedes a part: the delimiter and its headers. */
function headOf(part: ResolvedRange, size: number, boundary: string): Buffer {
  return Buffer.from(
    `\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: ${contentRange(part, size)}\r\n\r\n`,
  );
}

function writePartsHead(
  { clientIdleMs }: DeliveryDependencies,
  request: GetBlobRequest,
  exchange: Exchange,
  header: BlobHeader,
  boundary: string,
  length: number,
): BodyWriter {
  const { response } = exchange;
  const headers = blobHeaders(request, exchange, header);
  headers['Content-Type'] = `multipart/byteranges; boundary=${boundary}`;
  headers['Content-Length'] = length;
  response.writeHead(206, headers);
  response.flushHeaders();
  return new BodyWriter(response, length, clientIdleMs);
}
