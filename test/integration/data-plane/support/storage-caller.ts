import type { requestCallback, ServiceError } from '@grpc/grpc-js';
import type { LayoverError } from '../../../../common/errors/layover-error';
import { fromGrpcError } from '../../../../common/grpc/error-status';
import { loadStorage } from '../../../../common/grpc/load-proto';
import type { DeleteBlobsReply__Output } from '../../../../proto/gen/layover/v1/DeleteBlobsReply';
import type { ListBlobsReply__Output } from '../../../../proto/gen/layover/v1/ListBlobsReply';
import type { StatBlobsReply__Output } from '../../../../proto/gen/layover/v1/StatBlobsReply';
import type { StorageClient } from '../../../../proto/gen/layover/v1/Storage';
import type { VerifyBlobsReply__Output } from '../../../../proto/gen/layover/v1/VerifyBlobsReply';
import { sendingSecret } from '../../../support/plane-secret';

/**
 * A client of Storage over gRPC, which a data plane cannot tell from a control plane. Errors are
 * LayoverErrors.
 */
export class StorageCaller {
  readonly client: StorageClient;

  constructor(address: string) {
    this.client = new (loadStorage())(address, sendingSecret(), { 'grpc.use_local_subchannel_pool': 1 });
  }

  close(): void {
    this.client.close();
  }

  /** Returns the sizes, followed by `*` if the blob is in use: `1000*`. */
  async stat(...digests: readonly string[]): Promise<string[]> {
    const { blobs } = await unary<StatBlobsReply__Output>((done) =>
      this.client.statBlobs({ digests: [...digests] }, deadline(), done),
    );
    expect(blobs.map(({ digest }) => digest)).toEqual(digests);
    return blobs.map(({ size, inUse }) => `${size}${inUse ? '*' : ''}`);
  }

  /** Returns the outcomes in the order of the digests. */
  async delete(...digests: readonly string[]): Promise<string[]> {
    const { blobs } = await unary<DeleteBlobsReply__Output>((done) =>
      this.client.deleteBlobs({ digests: [...digests] }, deadline(), done),
    );
    expect(blobs.map(({ digest }) => digest)).toEqual(digests);
    return blobs.map(({ outcome }) => outcome);
  }

  list(after = '', limit = 0): Promise<ListBlobsReply__Output> {
    return unary((done) => this.client.listBlobs({ after, limit }, deadline(), done));
  }

  /**
   * Returns the messages in the order of arrival; ends the call if `onMessage` returns false.
   * Throws the error of the call.
   */
  async verify(
    digests: readonly string[],
    quarantine = false,
    onMessage: (message: VerifyBlobsReply__Output) => boolean = () => true,
  ): Promise<VerifyBlobsReply__Output[]> {
    const call = this.client.verifyBlobs({ digests: [...digests], quarantine });
    const all: VerifyBlobsReply__Output[] = [];
    try {
      for await (const message of call as AsyncIterable<VerifyBlobsReply__Output>) {
        all.push(message);
        if (!onMessage(message)) break;
      }
      return all;
    } catch (error) {
      throw failureOf(error);
    } finally {
      call.on('error', () => undefined);
      call.cancel();
    }
  }
}

function failureOf(error: unknown): LayoverError {
  return fromGrpcError(error as ServiceError, 'DATA_PLANE_UNAVAILABLE');
}

function deadline(): { deadline: number } {
  return { deadline: Date.now() + 15_000 };
}

function unary<Reply>(start: (done: requestCallback<Reply>) => unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    start((error, reply) => (error === null ? resolve(reply as Reply) : reject(failureOf(error))));
  });
}
