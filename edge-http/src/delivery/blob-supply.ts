import type { FileHandle } from 'node:fs/promises';
import { type RangeRequest, resolveRange } from '../../../common/oci/byte-range';
import type { Exchange } from '../request/exchange';
import type { BlobHeader, BlobRead, BlobReadQuery, RegistryReader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import type { DeliveryMetrics } from './delivery-metrics';
import { type FileGrowth, followGrowth, grown } from './file-growth';
import { openLocalFile } from './open-local-file';

/** Where the bytes of one delivery come from at present: a call, or a file that a call tells of. */
export interface BlobSupply {
  readonly header: BlobHeader;
  /** The node that it comes from. */
  readonly node: string;
  readonly read: BlobRead;
  /** Where the bytes are read from a file. */
  readonly local: { readonly file: FileHandle; readonly growth: FileGrowth } | undefined;
  /** Ends the call and closes the file. Harmless when repeated. */
  close(): Promise<void>;
}

/** What a supply is opened with. */
export interface SupplyOptions {
  readonly reader: RegistryReader;
  readonly metrics: Pick<DeliveryMetrics, 'localFallback'>;
  readonly request: GetBlobRequest;
  readonly exchange: Exchange;
}

/**
 * Asks for a blob, or a range of it, and opens the file that the data plane names; where that can't be used from here, asks for the same bytes over the call. A
 * redirect is for the caller to look for. `since`: as in BlobReadQuery. Rejects with what the reader does, and an Error for an answer that is not what was asked for.
 */
export async function openSupply(
  options: SupplyOptions,
  range: RangeRequest | undefined,
  accepts: BlobReadQuery['accepts'],
  avoid: readonly string[],
  since?: number,
): Promise<BlobSupply> {
  const read = await ask(options, { range, accepts, avoid, since });
  const { header } = read;
  const { delivery } = header;
  if (delivery.kind !== 'local-file') return supplyOf(read, undefined);
  const end = header.offset + header.length;
  let file: FileHandle | undefined;
  try {
    // At once: the data plane keeps the path only while the call is open.
    file = await openLocalFile(delivery.path, Math.min(delivery.available, end));
  } finally {
    if (file === undefined) read.cancel();
  }
  if (file === undefined) {
    options.metrics.localFallback();
    return supplyOf(await ask(options, { range, accepts: 'inline', avoid, since }), undefined);
  }
  if (delivery.available < end) return supplyOf(read, { file, growth: followGrowth(read, delivery.available, end) });
  // All that is wanted can be read through the handle, and the call ends by itself: each cancelled one would be a reset of its stream, and
  // a server that sees too many of those in a second ends the connection (CVE-2023-44487).
  return supplyOf(read, { file, growth: grown(end) });
}

async function ask(
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
      throw new Error(`asked for bytes ${accepts === 'inline' ? 'over the call' : 'here'}, got ${kind}`);
    return read;
  } catch (error) {
    read.cancel();
    throw error;
  }
}

function supplyOf(read: BlobRead, local: BlobSupply['local']): BlobSupply {
  let closing: Promise<void> | undefined;
  return {
    header: read.header,
    node: read.node,
    read,
    local,
    close() {
      read.cancel();
      return (closing ??= local?.file.close() ?? Promise.resolve());
    },
  };
}

/** Throws an Error (a bug of the data plane) where what is to be delivered is not what was asked for: better an error than other bytes. */
function checkHeader(header: BlobHeader, range: RangeRequest | undefined): void {
  const expected = resolveRange(range, header.size);
  if (expected === undefined || expected.offset !== header.offset || expected.length !== header.length)
    throw new Error(
      `asked for ${JSON.stringify(range ?? 'all')} of ${header.size} bytes, got ${header.length} from ${header.offset}`,
    );
}
