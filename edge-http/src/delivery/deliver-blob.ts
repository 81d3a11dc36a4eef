import type { RangeRequest } from '../../../common/oci/byte-range';
import type { Clock } from '../../../common/runtime/clock';
import type { Exchange } from '../request/exchange';
import type { BlobHeader, BlobReadQuery, RegistryReader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import { answer } from '../response/answer';
import { blobHeaders } from '../response/blob-headers';
import { type BlobSupply, openSupply } from './blob-supply';
import { BodyWriter } from './body-writer';
import type { BufferPool } from './buffer-pool';
import type { DeliveryMetrics } from './delivery-metrics';
import { NodeChanges } from './node-changes';
import { sendInline } from './send-inline';
import { sendLocalFile } from './send-local-file';

/** What a delivery needs. */
export interface DeliveryDependencies {
  readonly reader: RegistryReader;
  readonly buffers: BufferPool;
  readonly metrics: DeliveryMetrics;
  /** A client that takes nothing for this long is given up; milliseconds. */
  readonly clientIdleMs: number;
  readonly clock: Clock;
}

/** Answers GET of a blob, or of the part of it that `range` asks for. */
export type DeliverBlob = (
  request: GetBlobRequest,
  range: RangeRequest | undefined,
  exchange: Exchange,
) => Promise<void>;

/**
 * Deliveries (docs/design/delivery.md#deliveries). What is refused is refused before the head goes
 * out; after it the only error is the end of the connection (the caller does that for whatever this
 * rejects with). A data plane that is lost in the middle is replaced by another one, which goes on
 * where the client is (docs/design/many-nodes.md#taking-over-a-blob). The call to the data plane is
 * cancelled and the file closed however it ends.
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
  private readonly beganAt: number;

  constructor(
    private readonly dependencies: DeliveryDependencies,
    private readonly request: GetBlobRequest,
    private readonly range: RangeRequest | undefined,
    private readonly exchange: Exchange,
  ) {
    this.beganAt = dependencies.clock.now();
  }

  async run(): Promise<void> {
    // A client repeats its headers where it is sent: what the bucket makes of an If-Range with our entity tag, nobody here knows.
    const conditional = this.exchange.request.headers['if-range'] !== undefined;
    const { header } = await this.open(this.range, conditional ? 'bytes' : 'any', []);
    if (header.delivery.kind === 'redirect') {
      this.redirect(header.delivery.url, header);
      return;
    }
    const out = this.writeHead(header);
    while (!(await this.sendSome(header, out)));
    out.end();
    // An inline call that has given all its bytes ends by itself: the data plane must not take it for one that was given up.
    if (this.supply?.local === undefined) await this.supply?.read.next().catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.supply?.close();
  }

  /** In place of the supply before. */
  private async open(
    range: RangeRequest | undefined,
    accepts: BlobReadQuery['accepts'],
    avoid: readonly string[],
    since?: number,
  ): Promise<BlobSupply> {
    const { reader, metrics } = this.dependencies;
    await this.supply?.close();
    const { request, exchange } = this;
    this.supply = await openSupply({ reader, metrics, request, exchange }, range, accepts, avoid, since);
    return this.supply;
  }

  /**
   * Sends as far as the supply has it; true = that was all. Otherwise the rest has another supply now: the same node where the disk failed us in the middle,
   * another one where the node did. Same digest, same bytes, whoever reads them.
   */
  private async sendSome(header: BlobHeader, out: BodyWriter): Promise<boolean> {
    const supply = this.supply!;
    const { metrics } = this.dependencies;
    try {
      if (await this.send(supply, header, out)) return true;
      metrics.localFallback();
      await this.openRest(header, out, 'inline', []);
    } catch (error) {
      const avoid = this.changes.after(error, supply.node, out.sent);
      metrics.nodeFailed('middle');
      await this.openRest(header, out, 'bytes', avoid);
    }
    return false;
  }

  /** False where the file could not be read. */
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

  private async openRest(
    { offset, length, size }: BlobHeader,
    out: BodyWriter,
    accepts: 'bytes' | 'inline',
    avoid: readonly string[],
  ): Promise<void> {
    const range = { kind: 'bytes', first: offset + out.sent, last: offset + length - 1 } as const;
    const rest = await this.open(range, accepts, avoid, this.beganAt);
    if (rest.header.size !== size) throw new Error('the size of a blob changed in the middle of it');
  }

  private writeHead(header: BlobHeader): BodyWriter {
    const { response } = this.exchange;
    const headers = blobHeaders(this.request, this.exchange, header);
    headers['Content-Type'] = 'application/octet-stream';
    headers['Content-Length'] = header.length;
    if (this.range !== undefined)
      headers['Content-Range'] = `bytes ${header.offset}-${header.offset + header.length - 1}/${header.size}`;
    response.writeHead(this.range === undefined ? 200 : 206, headers);
    // Before the first byte is there: clients give up on a head that waits for a slow upstream (containerd after 30 s).
    response.flushHeaders();
    return new BodyWriter(response, header.length, this.dependencies.clientIdleMs);
  }

  private redirect(url: string, header: BlobHeader): void {
    const headers = blobHeaders(this.request, this.exchange, header);
    headers['Location'] = url;
    // The URL is signed, and good for minutes only.
    headers['Cache-Control'] = 'no-store';
    this.dependencies.metrics.redirected();
    answer(this.exchange, 307, headers, '');
  }
}
