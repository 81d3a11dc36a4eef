import type { ServiceError } from '@grpc/grpc-js';
import { fromGrpcError } from '../../../../common/grpc/error-status';
import { loadRegistry } from '../../../../common/grpc/load-proto';
import type { BlobHeader__Output } from '../../../../proto/gen/layover/v1/BlobHeader';
import type { CheckAccessReply__Output } from '../../../../proto/gen/layover/v1/CheckAccessReply';
import type { GetManifestReply__Output } from '../../../../proto/gen/layover/v1/GetManifestReply';
import type { IssueTokenReply__Output } from '../../../../proto/gen/layover/v1/IssueTokenReply';
import type { ListReferrersReply__Output } from '../../../../proto/gen/layover/v1/ListReferrersReply';
import type { ListTagsReply__Output } from '../../../../proto/gen/layover/v1/ListTagsReply';
import type { OpenBlobReply__Output } from '../../../../proto/gen/layover/v1/OpenBlobReply';
import type { ReadBlobReply__Output } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { ReadBlobRequest } from '../../../../proto/gen/layover/v1/ReadBlobRequest';
import type { RegistryClient } from '../../../../proto/gen/layover/v1/Registry';
import type { StatBlobReply__Output } from '../../../../proto/gen/layover/v1/StatBlobReply';
import { RegistryAsker } from '../../../support/registry-asker';
import { sendingSecret } from '../../../support/plane-secret';
import { readByteChannel } from './read-byte-channel';

/** The parameters of a request. */
export interface Ask {
  readonly organization?: string;
  readonly repository?: string;
  readonly authorization?: string;
  readonly requestId?: string;
}

/** A blob as a client received it, and how the read ended. */
export interface ReadResult {
  readonly header: BlobHeader__Output | undefined;
  readonly bytes: Buffer;
  /** The key of the error; undefined = the call succeeded. */
  readonly failure: string | undefined;
}

/** A client of Registry over gRPC, which a data plane cannot tell from an edge. */
export class RegistryCaller {
  readonly client: RegistryClient;
  private readonly asker: RegistryAsker;

  constructor(address: string) {
    this.client = new (loadRegistry())(address, sendingSecret(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    });
    this.asker = new RegistryAsker(this.client);
  }

  /** Opens a blob as an edge does that takes local files. */
  open(
    digest: string,
    ask: Ask & Pick<ReadBlobRequest, 'bytes' | 'suffixLength' | 'accepts' | 'counted'> = {},
  ): Promise<OpenBlobReply__Output> {
    const { bytes, suffixLength, accepts = ['LOCAL_FILE', 'INLINE'], counted } = ask;
    const range = bytes ? { bytes } : suffixLength === undefined ? {} : { suffixLength };
    return this.asker.ask('openBlob', { ...common(ask), digest, accepts, counted, ...range });
  }

  close(): void {
    this.asker.close();
    this.client.close();
  }

  manifest(
    reference: string,
    ask: Ask & { readonly head?: boolean; readonly accept?: readonly string[] } = {},
  ): Promise<GetManifestReply__Output> {
    const which = reference.includes(':') ? { digest: reference } : { tag: reference };
    const message = { ...common(ask), ...which, headOnly: ask.head ?? false, accept: [...(ask.accept ?? [])] };
    return this.asker.ask('getManifest', message);
  }

  stat(digest: string, ask: Ask = {}): Promise<StatBlobReply__Output> {
    return this.asker.ask('statBlob', { ...common(ask), digest });
  }

  tags(limit = 0, last = '', ask: Ask & { readonly page?: string } = {}): Promise<ListTagsReply__Output> {
    return this.asker.ask('listTags', { ...common(ask), limit, last, page: ask.page });
  }

  referrers(
    digest: string,
    artifactType = '',
    ask: Ask & { readonly page?: string } = {},
  ): Promise<ListReferrersReply__Output> {
    const { page } = ask;
    return this.asker.ask('listReferrers', { ...common(ask), digest, artifactType, page });
  }

  access(authorization: string): Promise<CheckAccessReply__Output> {
    return this.asker.ask('checkAccess', { context: { authorization } });
  }

  token(authorization: string, ...scopes: string[]): Promise<IssueTokenReply__Output> {
    const message = { context: { authorization }, service: 'layover', scopes };
    return this.asker.ask('issueToken', message);
  }

  /**
   * Reads a blob inline, or over the byte channel, until the stream ends or fails. `onChunk` may
   * delay the read, or end it by returning false.
   */
  async blob(
    digest: string,
    ask: Ask & Pick<ReadBlobRequest, 'bytes' | 'suffixLength' | 'accepts' | 'counted'> = {},
    onChunk: (received: number) => void | boolean | Promise<void | boolean> = () => undefined,
  ): Promise<ReadResult> {
    const { bytes, suffixLength, accepts, counted } = ask;
    const range = bytes ? { bytes } : suffixLength === undefined ? {} : { suffixLength };
    const call = this.client.readBlob({ ...common(ask), digest, accepts, counted, ...range });
    const chunks: Buffer[] = [];
    let header: BlobHeader__Output | undefined;
    let received = 0;
    let overChannel: Promise<Buffer> | undefined;
    const all = async (): Promise<Buffer> => Buffer.concat([...chunks, ...(overChannel ? [await overChannel] : [])]);
    try {
      for await (const message of call as AsyncIterable<ReadBlobReply__Output>) {
        if (message.header) header = message.header;
        if (message.header?.delivery === 'CHANNEL') overChannel = readByteChannel(message.header);
        if (message.chunk) chunks.push(message.chunk);
        received += message.chunk?.length ?? 0;
        if ((await onChunk(received)) === false) break;
      }
      return { header, bytes: await all(), failure: undefined };
    } catch (error) {
      return { header, bytes: await all(), failure: keyOf(error) };
    } finally {
      call.on('error', () => undefined);
      call.cancel();
    }
  }
}

/** Returns the cache status of a manifest answer, or the key of its error. */
export async function outcome(pull: Promise<{ readonly cacheStatus: string }>): Promise<string> {
  return pull.then(
    ({ cacheStatus }) => cacheStatus,
    (error: { key: string }) => error.key,
  );
}

function common({ organization = 'acme', repository = 'team/app', authorization = '', requestId = 'request-1' }: Ask) {
  return {
    context: { requestId, clientAddress: '192.0.2.7', userAgent: 'test/1', authorization },
    address: { organization, repository },
  };
}

function keyOf(error: unknown): string {
  return fromGrpcError(error as ServiceError, 'DATA_PLANE_UNAVAILABLE').key;
}
