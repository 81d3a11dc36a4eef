import type { CallOptions, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import { LayoverError } from '../../../common/errors/layover-error';
import { fromGrpcError } from '../../../common/grpc/error-status';
import { mustDigest } from '../../../common/oci/digest';
import { formatReference } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import type { GetManifestReply__Output } from '../../../proto/gen/layover/v1/GetManifestReply';
import type { ListReferrersReply__Output } from '../../../proto/gen/layover/v1/ListReferrersReply';
import type { ListTagsReply__Output } from '../../../proto/gen/layover/v1/ListTagsReply';
import type { StatBlobReply__Output } from '../../../proto/gen/layover/v1/StatBlobReply';
import type { RegistryClient } from '../../../proto/gen/layover/v1/Registry';
import type {
  BlobQuery,
  BlobRead,
  BlobReadQuery,
  BlobStat,
  ManifestAnswer,
  ManifestQuery,
  ReferrersPage,
  ReferrersQuery,
  RegistryReader,
  RequestContext,
  TagsPage,
  TagsQuery,
  TokenAnswer,
  TokenQuery,
} from '../registry-reader';
import type { DataPlane, DataPlanes } from './data-planes';
import {
  addressMessage,
  manifestMessage,
  rangeMessage,
  readBlobMessage,
  readCacheStatus,
  readHeader,
} from './messages';
import { ReadStream } from './read-stream';

/** Longest wait for an answer: a slow upstream's manifest, with retries, is well within it. */
const UNARY_TIMEOUT_MS = 120_000;
/** Longest silence of a read that is waited for. Above the data plane's own bounds (queue, stalled upstream), which say more. */
const STREAM_IDLE_MS = 300_000;
/** A probe without credentials: the data plane answers it without asking anybody. */
const PROBE: RequestContext = { requestId: 'readyz', clientAddress: '', userAgent: '', authorization: '' };

/** {@link RegistryReader} over gRPC. */
export class DataPlaneRegistry implements RegistryReader {
  constructor(
    private readonly planes: DataPlanes,
    private readonly clock: Clock,
  ) {}

  async checkAccess(context: RequestContext, signal: AbortSignal): Promise<void> {
    await this.unary('', (client, options, done) => client.checkAccess({ context }, options, done), signal);
  }

  async getManifest(query: ManifestQuery, signal: AbortSignal): Promise<ManifestAnswer> {
    const message = manifestMessage(query);
    const key = formatReference(query.reference);
    const reply = await this.unary<GetManifestReply__Output>(
      key,
      (client, options, done) => client.getManifest(message, options, done),
      signal,
    );
    const { mediaType, size, content, ageSeconds, upstreamHost } = reply;
    const cacheStatus = readCacheStatus(reply.cacheStatus);
    return { digest: mustDigest(reply.digest), mediaType, size, content, ageSeconds, upstreamHost, cacheStatus };
  }

  async statBlob({ context, address, digest }: BlobQuery, signal: AbortSignal): Promise<BlobStat> {
    const message = { context, address: addressMessage(address), digest };
    const reply = await this.unary<StatBlobReply__Output>(
      digest,
      (client, options, done) => client.statBlob(message, options, done),
      signal,
    );
    const { size, upstreamHost } = reply;
    return { size, upstreamHost, cacheStatus: readCacheStatus(reply.cacheStatus) };
  }

  async readBlob(query: BlobReadQuery, signal: AbortSignal): Promise<BlobRead> {
    const { context, address, digest, range } = query;
    const plane = this.planes.pick(digest);
    const call = plane.streams.readBlob({
      context,
      address: addressMessage(address),
      digest,
      ...rangeMessage(range),
      accepts: query.accepts === 'inline' ? ['INLINE'] : accepted(plane),
    });
    const { clock } = this;
    const toError = (error: ServiceError): LayoverError => translate(error, signal);
    const stream = new ReadStream(call, { signal, idleMs: STREAM_IDLE_MS, clock, toError });
    try {
      const header = readHeader(await stream.next());
      return {
        header,
        next: async () => {
          const message = await stream.next();
          return message === undefined ? undefined : readBlobMessage(message);
        },
        cancel: () => stream.cancel(),
      };
    } catch (error) {
      stream.cancel();
      throw error;
    }
  }

  async listTags({ context, address, limit, last }: TagsQuery, signal: AbortSignal): Promise<TagsPage> {
    const message = { context, address: addressMessage(address), limit, last };
    const reply = await this.unary<ListTagsReply__Output>(
      address.repository,
      (client, options, done) => client.listTags(message, options, done),
      signal,
    );
    const { tags, nextLast, nextLimit, upstreamHost } = reply;
    return { tags, nextLast, nextLimit, upstreamHost, cacheStatus: readCacheStatus(reply.cacheStatus) };
  }

  async listReferrers(query: ReferrersQuery, signal: AbortSignal): Promise<ReferrersPage> {
    const { context, address, digest, artifactType, page } = query;
    const message = { context, address: addressMessage(address), digest, artifactType, page };
    const reply = await this.unary<ListReferrersReply__Output>(
      digest,
      (client, options, done) => client.listReferrers(message, options, done),
      signal,
    );
    const { content, filtered, nextPage, upstreamHost } = reply;
    return { content, filtered, nextPage, upstreamHost, cacheStatus: readCacheStatus(reply.cacheStatus) };
  }

  issueToken(query: TokenQuery, signal: AbortSignal): Promise<TokenAnswer> {
    return this.unary('', (client, options, done) => client.issueToken(query, options, done), signal);
  }

  async ready(timeoutMs: number): Promise<void> {
    const { signal } = new AbortController();
    try {
      await this.unary(
        '',
        (client, options, done) => client.checkAccess({ context: PROBE }, options, done),
        signal,
        timeoutMs,
      );
    } catch (error) {
      // Without credentials a private installation refuses: it is there.
      if (!(error instanceof LayoverError) || error.key !== 'UNAUTHORIZED') throw error;
    }
  }

  close(): void {
    this.planes.close();
  }

  /** One call. Kept lean: it is on the path of every manifest. The deadline is grpc-js's own affair, so in its time: the machine's. */
  private unary<Reply>(
    key: string,
    invoke: (client: RegistryClient, options: CallOptions, done: Done<Reply>) => ClientUnaryCall,
    signal: AbortSignal,
    timeoutMs = UNARY_TIMEOUT_MS,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const client = this.planes.pick(key).unary;
      const cancel = (): void => call.cancel();
      const call = invoke(client, { deadline: Date.now() + timeoutMs }, (error, reply) => {
        signal.removeEventListener('abort', cancel);
        if (error !== null) reject(translate(error, signal));
        else resolve(reply!);
      });
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel);
    });
  }
}

type Done<Reply> = (error: ServiceError | null, reply?: Reply) => void;

function accepted(plane: DataPlane): ('LOCAL_FILE' | 'INLINE' | 'REDIRECT')[] {
  return plane.local ? ['LOCAL_FILE', 'INLINE', 'REDIRECT'] : ['INLINE', 'REDIRECT'];
}

/** A call that ended as cancelled although nobody here cancelled it: the data plane was stopped. */
function translate(error: ServiceError, signal: AbortSignal): LayoverError {
  const failure = fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE');
  if (failure.key !== 'CANCELLED' || signal.aborted) return failure;
  return new LayoverError('DATA_PLANE_UNAVAILABLE', { cause: error });
}
