import { isLayoverError } from '../../../common/errors/layover-error';
import type { Exchange } from '../request/exchange';
import type { BlobHeader } from '../registry/registry-reader';
import type { GetBlobRequest } from '../request/registry-request';
import { type BlobSupply, type CountingAnswer, openSupply, type SupplyQuery } from './blob-supply';
import type { BodyWriter } from './body-writer';
import type { DeliveryDependencies } from './delivery-dependencies';
import { NodeChanges } from './node-changes';
import { sendChannel } from './send-channel';
import { sendInline } from './send-inline';
import { sendLocalFile } from './send-local-file';

/**
 * Delivers a blob or one range of it into a response body. If a data plane is lost in the middle,
 * another one continues at the client's position
 * (docs/design/many-nodes.md#taking-over-a-blob). Its creator calls close() in any case.
 */
export class RangeDelivery {
  private supply: BlobSupply | undefined;
  private readonly changes = new NodeChanges();
  /** Bytes of the body before this range. */
  private before = 0;

  /** `startedAt`: when the delivery to the client began, in milliseconds since the epoch. */
  constructor(
    private readonly dependencies: DeliveryDependencies,
    private readonly request: GetBlobRequest,
    private readonly exchange: Exchange,
    private readonly startedAt: number,
  ) {}

  /** Opens a range, in place of the last one. Rejects like openSupply. */
  open(query: SupplyQuery): Promise<BlobSupply> {
    return this.openInPlace(query);
  }

  /**
   * Opens a further range of the answer that has begun. A token that has expired since then is
   * accepted for it, like for the rest of one range. Rejects like openSupply.
   */
  async openFurther(query: SupplyQuery): Promise<BlobSupply> {
    try {
      return await this.openInPlace(query);
    } catch (error) {
      if (!isLayoverError(error) || error.key !== 'UNAUTHORIZED') throw error;
      return this.openInPlace({ ...query, since: this.startedAt });
    }
  }

  /** Sends the open range. Rejects if that is not possible; the body is then broken. */
  async send(header: BlobHeader, out: BodyWriter): Promise<void> {
    this.before = out.sent;
    while (!(await this.sendFromSupply(header, out)));
  }

  /** Call after the last byte of the range was sent. Never rejects. */
  async finish(): Promise<void> {
    await this.supply?.finish();
  }

  /** Ends the call and closes the file. Further calls are harmless. */
  async close(): Promise<void> {
    await this.supply?.close();
  }

  /**
   * Opens a supply in place of the current one. `counting`: the current one's answer, if it goes on
   * counting.
   */
  private async openInPlace(query: SupplyQuery, counting?: CountingAnswer): Promise<BlobSupply> {
    const { reader, metrics, buffers, descriptors } = this.dependencies;
    if (counting === undefined) await this.supply?.close();
    const { request, exchange } = this;
    this.supply = await openSupply({ reader, metrics, buffers, descriptors, request, exchange }, query, counting);
    return this.supply;
  }

  /**
   * Sends what the supply delivers. Returns true if that was everything. Otherwise it has opened
   * another supply for the rest: from the same node if the local file or the byte channel failed,
   * from another one if the node failed, or from the same one when it is back. The bytes are the
   * same because the digest is.
   */
  private async sendFromSupply(header: BlobHeader, out: BodyWriter): Promise<boolean> {
    const supply = this.supply!;
    const { metrics } = this.dependencies;
    try {
      if (await this.sendSupply(supply, header, out)) return true;
      const isFile = supply.local !== undefined;
      if (isFile) metrics.localFallback();
      else metrics.channelFallback();
      const counting = isFile ? await supply.giveUpFile() : undefined;
      await this.openRemainder(header, out, { accepts: 'inline', avoid: [] }, counting);
    } catch (error) {
      const avoid = this.changes.recordFailure(error, supply.node, out.sent);
      metrics.nodeFailed('middle');
      await this.openRemainder(header, out, { accepts: 'bytes', avoid });
    }
    return false;
  }

  /** Sends the bytes of a supply. Returns false if its local file or byte channel failed. */
  private async sendSupply(
    { local, channel, read }: BlobSupply,
    header: BlobHeader,
    out: BodyWriter,
  ): Promise<boolean> {
    const { buffers, metrics } = this.dependencies;
    const position = this.positionIn(header, out);
    const end = header.offset + header.length;
    if (channel !== undefined)
      return metrics.delivering('channel', out, () => sendChannel(channel, end - position, out));
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
    header: BlobHeader,
    out: BodyWriter,
    how: Pick<SupplyQuery, 'accepts' | 'avoid'>,
    counting?: CountingAnswer,
  ): Promise<void> {
    const { offset, length, size } = header;
    const range = { kind: 'bytes', first: this.positionIn(header, out), last: offset + length - 1 } as const;
    const { resumeWithinMs: waitMs } = this.dependencies;
    const rest = await this.openInPlace({ range, ...how, since: this.startedAt, waitMs }, counting);
    if (rest.header.size !== size)
      throw new Error(
        `The size of blob ${this.request.digest} changed from ${size} to ${rest.header.size} bytes during its delivery.`,
      );
  }

  /** Returns the offset in the blob of the next byte to send. */
  private positionIn({ offset }: BlobHeader, out: BodyWriter): number {
    return offset + out.sent - this.before;
  }
}
