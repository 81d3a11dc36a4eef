import { withTimeout } from '../../../../common/async/deadline';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { BufferPair } from '../../../../common/files/buffer-pool';
import type { Clock } from '../../../../common/runtime/clock';
import type { BlobHeader__Output } from '../../../../proto/gen/layover/v1/BlobHeader';
import type { ReadBlobReply__Output } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { ByteConnection } from '../channel/byte-connection';
import { ChannelFlow } from '../channel/channel-flow';
import type { ByteFlow } from '../registry-reader';
import type { DataPlaneConnection } from './data-plane';
import { readChannel } from './messages';
import type { ReadStream } from './read-stream';

/**
 * Time limit for the end of a call after all its bytes have arrived, in milliseconds. The data
 * plane ends the call when it has sent them.
 */
const END_MS = 60_000;

/** Dependencies of ChannelRead. */
export interface ChannelReadParts {
  readonly plane: Pick<DataPlaneConnection, 'bytes' | 'listen'>;
  readonly header: BlobHeader__Output;
  /** The call, after its header. */
  readonly stream: ReadStream<ReadBlobReply__Output>;
  /** Aborts when the client left. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** A call whose bytes come over the byte channel. The call says what was sent, and how it ended. */
export class ChannelRead {
  private readonly ended: Promise<undefined>;
  private flow: ChannelFlow | undefined;
  private unsent: number;

  constructor(private readonly parts: ChannelReadParts) {
    this.unsent = parts.header.length;
    this.ended = this.untilEnd();
    this.ended.catch(() => undefined);
  }

  /** See BlobDelivery. Throws an Error if the header does not say where the bytes are. */
  async open(buffers: BufferPair): Promise<ByteFlow | undefined> {
    const { plane, header, signal, clock } = this.parts;
    const { address, ticket } = readChannel(header.channel, plane.listen);
    const { bytes } = plane;
    const request = { ticket, buffers, length: header.length };
    const connection = await bytes?.open(address, request, this.ended);
    if (bytes === undefined || connection === undefined) return undefined;
    const release = (one: ByteConnection): void => bytes.release(one);
    this.flow = new ChannelFlow({ connection, ended: this.ended, signal, clock, release });
    this.flow.announceUnsent(this.unsent);
    return this.flow;
  }

  /** Resolves at the successful end of the call. Rejects with its failure, or TIMEOUT. */
  end(): Promise<undefined> {
    return withTimeout(this.parts.clock, END_MS, this.ended, () => {
      throw new LayoverError('TIMEOUT', { message: `The data plane did not end a call within ${END_MS / 1000} s.` });
    });
  }

  private async untilEnd(): Promise<undefined> {
    const { stream, header } = this.parts;
    const end = header.offset + header.length;
    // The time limits of the connection apply to the bytes.
    for (let message = await stream.next('unlimited'); message !== undefined;) {
      if (message.progress != null) this.announceUnsent(end - message.progress.available);
      message = await stream.next('unlimited');
    }
    this.announceUnsent(0);
    return undefined;
  }

  private announceUnsent(bytes: number): void {
    this.unsent = bytes;
    this.flow?.announceUnsent(bytes);
  }
}
