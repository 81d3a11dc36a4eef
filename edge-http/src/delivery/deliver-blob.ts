import type { FileHandle } from 'node:fs/promises';
import type { RangeRequest } from '../../../common/oci/byte-range';
import type { Exchange } from '../exchange';
import type { EdgeMetrics } from '../metrics';
import type { BlobHeader, BlobRead, RegistryReader } from '../registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import { answer } from '../response/answer';
import { blobHeaders } from '../response/blob-headers';
import { BodyWriter } from './body-writer';
import type { BufferPool } from './buffer-pool';
import { checkHeader } from './check-header';
import { type FileGrowth, followGrowth, grown } from './file-growth';
import { openLocalFile } from './open-local-file';
import { sendInline } from './send-inline';
import { sendLocalFile } from './send-local-file';

/** What a delivery needs. */
export interface DeliveryDependencies {
  readonly reader: RegistryReader;
  readonly buffers: BufferPool;
  readonly metrics: EdgeMetrics;
  /** A client that takes nothing for this long is given up; milliseconds. */
  readonly clientIdleMs: number;
}

/** Answers GET of a blob, or of the part of it that `range` asks for. */
export type DeliverBlob = (
  request: GetBlobRequest,
  range: RangeRequest | undefined,
  exchange: Exchange,
) => Promise<void>;

/**
 * Deliveries of architecture section 6. What is refused is refused before the head goes out; after it the only error is the end of the connection
 * (the caller does that for whatever this rejects with). The call to the data plane is cancelled and the file closed however it ends.
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
  private read: BlobRead | undefined;
  private file: FileHandle | undefined;

  constructor(
    private readonly dependencies: DeliveryDependencies,
    private readonly request: GetBlobRequest,
    private readonly range: RangeRequest | undefined,
    private readonly exchange: Exchange,
  ) {}

  async run(): Promise<void> {
    let { header } = await this.open(this.range, 'any');
    const { delivery } = header;
    if (delivery.kind === 'redirect') {
      this.redirect(delivery.url, header);
      return;
    }
    const end = header.offset + header.length;
    let growth: FileGrowth | undefined;
    if (delivery.kind === 'local-file') {
      // At once: the data plane keeps the path only while the call is open.
      this.file = await openLocalFile(delivery.path, Math.min(delivery.available, end));
      if (this.file === undefined) {
        this.dependencies.metrics.localFallback();
        ({ header } = await this.open(this.range, 'inline'));
      } else if (delivery.available >= end) {
        // All that is wanted can be read through the handle: the data plane need not keep anything for us.
        this.read?.cancel();
        growth = grown(end);
      } else {
        growth = followGrowth(this.read!, delivery.available, end);
      }
    }
    const out = this.writeHead(header);
    if (this.file !== undefined && growth !== undefined) await this.sendFile(this.file, growth, header, out);
    else await this.sendCall(header.length, out);
    out.end();
    // An inline call that has given all its bytes ends by itself: the data plane must not take it for one that was given up.
    if (this.file === undefined) await this.read?.next().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.read?.cancel();
    await this.file?.close();
  }

  /** Reads with what is accepted, in place of the read before. */
  private async open(range: RangeRequest | undefined, accepts: 'any' | 'inline'): Promise<BlobRead> {
    this.read?.cancel();
    const { address, digest } = this.request;
    const { context, signal } = this.exchange;
    const read = await this.dependencies.reader.readBlob({ context, address, digest, range, accepts }, signal);
    this.read = read;
    checkHeader(read.header, range);
    if (accepts === 'inline' && read.header.delivery.kind !== 'inline')
      throw new Error(`asked for bytes over the call, got ${read.header.delivery.kind}`);
    return read;
  }

  private async sendFile(file: FileHandle, growth: FileGrowth, header: BlobHeader, out: BodyWriter): Promise<void> {
    const { buffers, metrics } = this.dependencies;
    const end = header.offset + header.length;
    const whole = await metrics.delivering('local-file', out, () =>
      sendLocalFile(file, growth, header.offset, end, out, buffers.lease(header.length)),
    );
    if (whole) return;
    // The disk failed us in the middle. The rest is the same bytes, whoever reads them.
    metrics.localFallback();
    const position = header.offset + out.sent;
    const rest = await this.open({ kind: 'bytes', first: position, last: end - 1 }, 'inline');
    if (rest.header.size !== header.size) throw new Error('the size of a blob changed in the middle of it');
    await this.sendCall(end - position, out);
  }

  private async sendCall(length: number, out: BodyWriter): Promise<void> {
    await this.dependencies.metrics.delivering('inline', out, () => sendInline(this.read!, length, out));
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
