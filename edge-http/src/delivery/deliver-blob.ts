import type { RangeRequest } from '../../../common/oci/byte-range';
import type { Clock } from '../../../common/runtime/clock';
import type { Exchange } from '../request/exchange';
import type { BlobHeader, RegistryReader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import { answer } from '../response/answer';
import { blobHeaders } from '../response/blob-headers';
import { type BlobSupply, type CountingAnswer, openSupply, type SupplyQuery } from './blob-supply';
import { BodyWriter } from './body-writer';
import type { BufferPool } from './buffer-pool';
import type { DeliveryMetrics } from './delivery-metrics';
import { NodeChanges } from './node-changes';
import { sendInline } from './send-inline';
import { sendLocalFile } from './send-local-file';

/** Dependencies of deliveries. */
export interface DeliveryDependencies {
  readonly reader: RegistryReader;
  readonly buffers: BufferPool;
  readonly metrics: DeliveryMetrics;
  /** A client that reads nothing for this many milliseconds is disconnected. */
  readonly clientIdleMs: number;
  readonly clock: Clock;
}

/** Answers a GET of a blob, or of the part that `range` selects. */
export type DeliverBlob = (
  request: GetBlobRequest,
  range: RangeRequest | undefined,
  exchange: Exchange,
) => Promise<void>;

/**
 * Creates the delivery of blobs (docs/design/delivery.md#deliveries). Refusals happen before the
 * response head. After it, the only way to report an error is to close the connection, which the
 * caller does on a rejection. If a data plane is lost in the middle of a blob, another one
 * continues at the client's position (docs/design/many-nodes.md#taking-over-a-blob). The call to
 * the data plane is always cancelled and the file closed.
 */
export function createDeliverBlob(dependencies: DeliveryDependencies): DeliverBlob {
  return async (request, range, exchange) => {
    const delivery = new Delivery(dependencies, request, range, exchange);
    try {
      await delivery.run();
    } finally {
      await delivery.close();
    }
  };
}

class Delivery {
  private supply: BlobSupply | undefined;
  private readonly changes = new NodeChanges();
  private readonly startedAt: number;

  constructor(
    private readonly dependencies: DeliveryDependencies,
    private readonly request: GetBlobRequest,
    private readonly range: RangeRequest | undefined,
    private readonly exchange: Exchange,
  ) {
    this.startedAt = dependencies.clock.now();
  }

  async run(): Promise<void> {
    // Clients repeat their headers after a redirect. It is unknown what the bucket does with an
    // If-Range that contains our entity tag.
    const conditional = this.exchange.request.headers['if-range'] !== undefined;
    const { header } = await this.open({ range: this.range, accepts: conditional ? 'bytes' : 'any', avoid: [] });
    if (header.delivery.kind === 'redirect') {
      this.redirect(header.delivery.url, header);
      return;
    }
    const out = this.writeHead(header);
    while (!(await this.sendFromSupply(header, out)));
    out.end();
    await this.supply?.finish();
  }

  async close(): Promise<void> {
    await this.supply?.close();
  }

  /**
   * Opens a supply in place of the current one. `counting`: the current one's answer, if it goes on
   * counting.
   */
  private async open(query: SupplyQuery, counting?: CountingAnswer): Promise<BlobSupply> {
    const { reader, metrics } = this.dependencies;
    if (counting === undefined) await this.supply?.close();
    const { request, exchange } = this;
    this.supply = await openSupply({ reader, metrics, request, exchange }, query, counting);
    return this.supply;
  }

  /**
   * Sends what the supply delivers. Returns true if that was everything. Otherwise it has opened
   * another supply for the rest: from the same node if the local file failed, from another one if
   * the node failed. The bytes are the same because the digest is.
   */
  private async sendFromSupply(header: BlobHeader, out: BodyWriter): Promise<boolean> {
    const supply = this.supply!;
    const { metrics } = this.dependencies;
    try {
      if (await this.send(supply, header, out)) return true;
      metrics.localFallback();
      await this.openRemainder(header, out, { accepts: 'inline', avoid: [] }, await supply.giveUpFile());
    } catch (error) {
      const avoid = this.changes.recordFailure(error, supply.node, out.sent);
      metrics.nodeFailed('middle');
      await this.openRemainder(header, out, { accepts: 'bytes', avoid });
    }
    return false;
  }

  /** Sends the bytes of a supply. Returns false if its local file could not be read. */
  private async send({ local, read }: BlobSupply, header: BlobHeader, out: BodyWriter): Promise<boolean> {
    const { buffers, metrics } = this.dependencies;
    const position = header.offset + out.sent;
    const end = header.offset + header.length;
    if (local === undefined) {
      await metrics.delivering('inline', out, () => sendInline(read, end - position, out));
      return true;
    }
    const { file, growth } = local;
    return metrics.delivering('local-file', out, () =>
      sendLocalFile(file, growth, position, end, out, buffers.lease(end - position)),
    );
  }

  private async openRemainder(
    { offset, length, size }: BlobHeader,
    out: BodyWriter,
    how: Pick<SupplyQuery, 'accepts' | 'avoid'>,
    counting?: CountingAnswer,
  ): Promise<void> {
    const range = { kind: 'bytes', first: offset + out.sent, last: offset + length - 1 } as const;
    const rest = await this.open({ range, ...how, since: this.startedAt }, counting);
    if (rest.header.size !== size)
      throw new Error(
        `The size of blob ${this.request.digest} changed from ${size} to ${rest.header.size} bytes during its delivery.`,
      );
  }

  private writeHead(header: BlobHeader): BodyWriter {
    const { response } = this.exchange;
    const headers = blobHeaders(this.request, this.exchange, header);
    headers['Content-Type'] = 'application/octet-stream';
    headers['Content-Length'] = header.length;
    if (this.range !== undefined)
      headers['Content-Range'] = `bytes ${header.offset}-${header.offset + header.length - 1}/${header.size}`;
    response.writeHead(this.range === undefined ? 200 : 206, headers);
    // Sent before the first byte is available, because clients do not wait long for a response head
    // (containerd 30 s) and the upstream may be slow.
    response.flushHeaders();
    return new BodyWriter(response, header.length, this.dependencies.clientIdleMs);
  }

  private redirect(url: string, header: BlobHeader): void {
    const headers = blobHeaders(this.request, this.exchange, header);
    headers['Location'] = url;
    // The URL is signed and only valid for minutes.
    headers['Cache-Control'] = 'no-store';
    this.dependencies.metrics.redirected();
    answer(this.exchange, 307, headers, '');
  }
}
