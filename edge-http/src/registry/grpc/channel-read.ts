import { withTimeout } from '../../../../common/async/deadline';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { BufferPair } from '../../../../common/files/buffer-pool';
import type { Clock } from '../../../../common/runtime/clock';
import type { BlobHeader__Output } from '../../../../proto/gen/layover/v1/BlobHeader';
import type { ReadBlobReply__Output } from '../../../../proto/gen/layover/v1/ReadBlobReply';
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

/** A call whose bytes come over the byte channel. The call itself only tells how it ended. */
export class ChannelRead {
  private readonly ended: Promise<undefined>;

  constructor(private readonly parts: ChannelReadParts) {
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
    return new ChannelFlow({ connection, ended: this.ended, signal, clock, release: (one) => bytes.release(one) });
  }

  /** Resolves at the successful end of the call. Rejects with its failure, or TIMEOUT. */
  end(): Promise<undefined> {
    return withTimeout(this.parts.clock, END_MS, this.ended, () => {
      throw new LayoverError('TIMEOUT', { message: `The data plane did not end a call within ${END_MS / 1000} s.` });
    });
  }

  private async untilEnd(): Promise<undefined> {
    // The time limits of the connection apply to the bytes.
    while ((await this.parts.stream.next('unlimited')) !== undefined);
    return undefined;
  }
}
