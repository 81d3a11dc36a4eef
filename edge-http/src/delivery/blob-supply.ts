import type { FileHandle } from 'node:fs/promises';
import type { BufferLease, BufferPair, BufferPool } from '../../../common/files/buffer-pool';
import { type RangeRequest, resolveRange } from '../../../common/oci/byte-range';
import type { Exchange } from '../request/exchange';
import type { BlobHeader, BlobRead, BlobReadQuery, ByteFlow, RegistryReader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import type { DeliveryMetrics } from './delivery-metrics';
import type { DeliveryPlaces } from './delivery-places';
import { type FileGrowth, followGrowth, grown } from './file-growth';
import { openLocalFile } from './open-local-file';

/** Source of the bytes of one delivery: a call, or what a call names. */
export interface BlobSupply {
  readonly header: BlobHeader;
  /** Name of the node. */
  readonly node: string;
  readonly read: BlobRead;
  /** The local file; undefined if the bytes come in another way. */
  readonly local: { readonly file: FileHandle; readonly growth: FileGrowth } | undefined;
  /** The byte channel; undefined if the bytes come in another way. */
  readonly channel: ChannelSupply | undefined;
  /**
   * Call after the last byte was sent. Waits until the data plane has counted the bytes: a cancel
   * would look like a client that gave up. Never rejects.
   */
  finish(): Promise<void>;
  /**
   * Closes a local file that cannot be read any more. Returns its answer, which goes on counting
   * the bytes, for the supply that continues; close() of that supply ends the call.
   */
  giveUpFile(): Promise<CountingAnswer>;
  /** Ends the calls, closes the file and releases the buffers. Further calls are harmless. */
  close(): Promise<void>;
}

/** Bytes of the byte channel, with the buffers that they arrive in. */
export interface ChannelSupply {
  readonly flow: ByteFlow;
  readonly lease: BufferLease;
}

/**
 * An answer with a local file that could not be used. It counts the bytes of the whole range as
 * served, so the answer that replaces it must not count them again.
 */
export interface CountingAnswer {
  readonly read: Pick<BlobRead, 'cancel'>;
  /**
   * Resolves when all bytes of the range are counted, or when that cannot happen any more. Never
   * rejects.
   */
  readonly counted: Promise<void>;
}

/** Parameters and dependencies of {@link openSupply}. */
export interface SupplyOptions {
  readonly reader: RegistryReader;
  readonly metrics: Pick<DeliveryMetrics, 'localFallback' | 'channelFallback'>;
  readonly buffers: BufferPool;
  readonly descriptors: DeliveryPlaces;
  readonly request: GetBlobRequest;
  readonly exchange: Exchange;
}

/** What a supply delivers, and how: see BlobReadQuery. */
export type SupplyQuery = Pick<BlobReadQuery, 'range' | 'accepts' | 'avoid' | 'since' | 'counted' | 'waitMs'>;

/**
 * Requests a blob, or a range of it, and opens the local file or the byte channel that the data
 * plane names. If it cannot be used, requests the same bytes over the call. The caller handles
 * redirects.
 * `counting` is the answer that already counts these bytes; the supply owns it from now on. Rejects
 * with the errors of the reader, and with an Error if the data plane's answer does not match the
 * request.
 */
export async function openSupply(
  options: SupplyOptions,
  query: SupplyQuery,
  counting?: CountingAnswer,
): Promise<BlobSupply> {
  const read = await requestBlob(options, query, counting);
  const { header } = read;
  const { delivery } = header;
  if (delivery.kind === 'channel') return openChannel(options, query, read, delivery.open);
  if (delivery.kind !== 'local-file') return supplyOf(read, { counting });
  const leave = options.descriptors.tryTake();
  const end = header.offset + header.length;
  let file: FileHandle | undefined;
  try {
    // Opened at once, because the data plane keeps the path only while the call is open.
    if (leave !== undefined) file = await openLocalFile(delivery.path, Math.min(delivery.available, end));
  } catch (error) {
    leave?.();
    read.cancel();
    throw error;
  }
  // If all needed bytes can be read through the handle, the call may end by itself. Each cancelled
  // call resets its stream, and a server that sees too many resets in a second closes the
  // connection (CVE-2023-44487).
  const growth = delivery.available < end ? followGrowth(read, delivery.available, end) : grown(end);
  if (file !== undefined) return supplyOf(read, { local: { file, growth }, leave });
  leave?.();
  options.metrics.localFallback();
  // The first call stays open: it counts the bytes as they become readable, and how many it has
  // counted at the moment of a cancel would be unknown here.
  const replaced = { read, counted: untilCounted(growth, end) };
  const inline = await requestBlob(options, { ...query, accepts: 'inline' }, replaced);
  // The first answer says where the blob came from; by now a fill may have stored it.
  return supplyOf(inline, { counting: replaced, cacheStatus: header.cacheStatus });
}

/** Opens the byte channel. Nothing has been sent before, so no answer counts yet. */
async function openChannel(
  options: SupplyOptions,
  query: SupplyQuery,
  read: BlobRead,
  open: (buffers: BufferPair) => Promise<ByteFlow | undefined>,
): Promise<BlobSupply> {
  const leave = options.descriptors.tryTake();
  const lease = options.buffers.lease(read.header.length);
  let inline: BlobRead;
  try {
    const flow = leave && (await open(lease.buffers));
    if (flow !== undefined) return supplyOf(read, { channel: { flow, lease }, leave });
    leave?.();
    lease.release(true);
    options.metrics.channelFallback();
    inline = await requestBlob(options, { ...query, accepts: 'inline' }, undefined);
  } catch (error) {
    leave?.();
    lease.release(false);
    read.cancel();
    throw error;
  }
  // Only now, so that a fill is never without a client.
  read.cancel();
  return supplyOf(inline, { cacheStatus: read.header.cacheStatus });
}

/** Requests a blob. Ends the call of `counting` if that fails. */
async function requestBlob(
  { reader, request, exchange }: SupplyOptions,
  query: SupplyQuery,
  counting: CountingAnswer | undefined,
): Promise<BlobRead> {
  const { address, digest } = request;
  const { context, signal } = exchange;
  const { range, accepts } = query;
  const counted = counting !== undefined || query.counted === true;
  let read: BlobRead | undefined;
  try {
    read = await reader.readBlob({ context, address, digest, ...query, counted }, signal);
    checkHeader(read.header, range);
    const { kind } = read.header.delivery;
    if (accepts !== 'any' && kind !== 'inline' && (accepts === 'inline' || kind === 'redirect'))
      throw new Error(`The data plane answered with delivery ${kind}, which was not accepted (${accepts}).`);
    return read;
  } catch (error) {
    read?.cancel();
    counting?.read.cancel();
    throw error;
  }
}

function supplyOf(read: BlobRead, parts: SupplyParts): BlobSupply {
  const { local, channel, leave, counting, cacheStatus = read.header.cacheStatus } = parts;
  const { header, node } = read;
  let closing: Promise<void> | undefined;
  const closeFile = (): Promise<void> => (closing ??= (local?.file.close() ?? Promise.resolve()).finally(leave));
  return {
    header: { ...header, cacheStatus },
    node,
    read,
    local,
    channel,
    async finish() {
      if (local === undefined) await read.next().catch(() => undefined);
      await counting?.counted;
    },
    async giveUpFile() {
      await closeFile();
      const counted =
        local === undefined ? Promise.resolve() : untilCounted(local.growth, header.offset + header.length);
      return { read, counted };
    },
    close() {
      read.cancel();
      counting?.read.cancel();
      channel?.flow.close();
      channel?.lease.release(false);
      return closeFile();
    },
  };
}

/** What a supply has besides its call. */
interface SupplyParts {
  readonly local?: BlobSupply['local'];
  readonly channel?: ChannelSupply;
  /** Gives the place of the file or the connection back. */
  readonly leave?: (() => void) | undefined;
  readonly counting?: CountingAnswer | undefined;
  readonly cacheStatus?: BlobHeader['cacheStatus'];
}

/** Resolves when the data plane has counted the bytes before `end`, or when the fill has failed. */
async function untilCounted(growth: FileGrowth, end: number): Promise<void> {
  // The data plane counts bytes before it announces them.
  if (growth.available < end) await growth.beyond(end - 1).catch(() => undefined);
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
