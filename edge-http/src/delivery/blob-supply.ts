import type { FileHandle } from 'node:fs/promises';
import { type RangeRequest, resolveRange } from '../../../common/oci/byte-range';
import type { Exchange } from '../request/exchange';
import type { BlobHeader, BlobRead, BlobReadQuery, RegistryReader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import type { DeliveryMetrics } from './delivery-metrics';
import { type FileGrowth, followGrowth, grown } from './file-growth';
import { openLocalFile } from './open-local-file';

/** Source of the bytes of one delivery: a call, or a local file that a call names. */
export interface BlobSupply {
  readonly header: BlobHeader;
  /** Name of the node. */
  readonly node: string;
  readonly read: BlobRead;
  /** The local file; undefined if the bytes come over the call. */
  readonly local: { readonly file: FileHandle; readonly growth: FileGrowth } | undefined;
  /** Ends the call and closes the file. Further calls are harmless. */
  close(): Promise<void>;
}

/** Parameters and dependencies of {@link openSupply}. */
export interface SupplyOptions {
  readonly reader: RegistryReader;
  readonly metrics: Pick<DeliveryMetrics, 'localFallback'>;
  readonly request: GetBlobRequest;
  readonly exchange: Exchange;
}

/**
 * Requests a blob, or a range of it, and opens the local file that the data plane names. If the
 * file cannot be used, requests the same bytes over the call. The caller handles redirects. `since`
 * is that of BlobReadQuery. Rejects with the errors of the reader, and with an Error if the data
 * plane's answer does not match the request.
 */
export async function openSupply(
  options: SupplyOptions,
  range: RangeRequest | undefined,
  accepts: BlobReadQuery['accepts'],
  avoid: readonly string[],
  since?: number,
): Promise<BlobSupply> {
  const read = await requestBlob(options, { range, accepts, avoid, since });
  const { header } = read;
  const { delivery } = header;
  if (delivery.kind !== 'local-file') return supplyOf(read, undefined);
  const end = header.offset + header.length;
  let file: FileHandle | undefined;
  try {
    // Opened at once, because the data plane keeps the path only while the call is open.
    file = await openLocalFile(delivery.path, Math.min(delivery.available, end));
  } finally {
    if (file === undefined) read.cancel();
  }
  if (file === undefined) {
    options.metrics.localFallback();
    const inline = await requestBlob(options, { range, accepts: 'inline', avoid, since });
    // The first answer says where the blob came from; by now a fill may have stored it.
    return supplyOf(inline, undefined, { ...inline.header, cacheStatus: header.cacheStatus });
  }
  if (delivery.available < end) return supplyOf(read, { file, growth: followGrowth(read, delivery.available, end) });
  // All needed bytes can be read through the handle, so the call may end by itself. Each cancelled
  // call resets its stream, and a server that sees too many resets in a second closes the
  // connection (CVE-2023-44487).
  return supplyOf(read, { file, growth: grown(end) });
}

async function requestBlob(
  { reader, request, exchange }: SupplyOptions,
  how: Pick<BlobReadQuery, 'range' | 'accepts' | 'avoid' | 'since'>,
): Promise<BlobRead> {
  const { address, digest } = request;
  const { context, signal } = exchange;
  const { range, accepts } = how;
  const read = await reader.readBlob({ context, address, digest, ...how }, signal);
  try {
    checkHeader(read.header, range);
    const { kind } = read.header.delivery;
    if (accepts !== 'any' && kind !== 'inline' && (accepts === 'inline' || kind === 'redirect'))
      throw new Error(`The data plane answered with delivery ${kind}, which was not accepted (${accepts}).`);
    return read;
  } catch (error) {
    read.cancel();
    throw error;
  }
}

function supplyOf(read: BlobRead, local: BlobSupply['local'], header: BlobSupply['header'] = read.header): BlobSupply {
  let closing: Promise<void> | undefined;
  return {
    header,
    node: read.node,
    read,
    local,
    close() {
      read.cancel();
      return (closing ??= local?.file.close() ?? Promise.resolve());
    },
  };
}

/**
 * Checks that the data plane delivers the requested range. Throws an Error otherwise, because that
 * is a bug of the data plane.
 */
function checkHeader(header: BlobHeader, range: RangeRequest | undefined): void {
  const expected = resolveRange(range, header.size);
  if (expected === undefined || expected.offset !== header.offset || expected.length !== header.length)
    throw new Error(
      `Requested ${JSON.stringify(range ?? 'all')} of ${header.size} bytes, but the data plane delivers ${header.length} bytes from offset ${header.offset}.`,
    );
}
