import { LayoverError } from '../../../../common/errors/layover-error';
import { mustDigest } from '../../../../common/oci/digest';
import { formatReference } from '../../../../common/oci/reference';
import type { NodeSet } from '../../../../common/nodes/node-set';
import type { Clock } from '../../../../common/runtime/clock';
import type { GetManifestReply__Output } from '../../../../proto/gen/layover/v1/GetManifestReply';
import type { ListReferrersReply__Output } from '../../../../proto/gen/layover/v1/ListReferrersReply';
import type { ListTagsReply__Output } from '../../../../proto/gen/layover/v1/ListTagsReply';
import type { StatBlobReply__Output } from '../../../../proto/gen/layover/v1/StatBlobReply';
import type {
  BlobQuery,
  BlobRead,
  BlobReadQuery,
  BlobStatAnswer,
  ManifestAnswer,
  ManifestQuery,
  ReferrersPage,
  ReferrersQuery,
  RegistryReader,
  RepositoryNames,
  RepositoryNamesQuery,
  RepositoryAddress,
  RequestContext,
  TagsPage,
  TagsQuery,
  TokenAnswer,
  TokenQuery,
} from '../registry-reader';
import { ChannelRead } from './channel-read';
import type { DataPlaneConnection } from './data-plane';
import {
  accepted,
  addressMessage,
  manifestMessage,
  rangeMessage,
  readBlobMessage,
  readCacheStatus,
  readHeader,
} from './messages';
import { NodeCalls } from './node-calls';

/**
 * Context of a probe without credentials. The data plane answers it without asking another service.
 */
const PROBE: RequestContext = { requestId: 'readyz', clientAddress: '', userAgent: '', authorization: '', hops: [] };

/** {@link RegistryReader} over gRPC. */
export class DataPlaneRegistry implements RegistryReader {
  private readonly calls: NodeCalls;

  constructor(
    private readonly nodes: NodeSet<DataPlaneConnection>,
    private readonly clock: Clock,
    onRetry: () => void,
  ) {
    this.calls = new NodeCalls({ nodes, clock, onRetry });
  }

  start(): Promise<void> {
    return this.nodes.start();
  }

  async checkAccess(context: RequestContext, signal: AbortSignal): Promise<void> {
    await this.calls.unary(
      context.requestId,
      (client, options, done) => client.checkAccess({ context }, options, done),
      signal,
    );
  }

  async getManifest(query: ManifestQuery, signal: AbortSignal): Promise<ManifestAnswer> {
    const message = manifestMessage(query);
    const key = manifestKey(query);
    const reply = await this.calls.unary<GetManifestReply__Output>(
      key,
      (client, options, done) => client.getManifest(message, options, done),
      signal,
    );
    const { mediaType, size, content, ageSeconds, upstreamHost, private: isPrivate } = reply;
    const cacheStatus = readCacheStatus(reply.cacheStatus);
    return {
      digest: mustDigest(reply.digest),
      mediaType,
      size,
      content,
      ageSeconds,
      upstreamHost,
      private: isPrivate,
      cacheStatus,
    };
  }

  async statBlob({ context, address, digest }: BlobQuery, signal: AbortSignal): Promise<BlobStatAnswer> {
    const message = { context, address: addressMessage(address), digest };
    const reply = await this.calls.unary<StatBlobReply__Output>(
      digest,
      (client, options, done) => client.statBlob(message, options, done),
      signal,
    );
    const { size, upstreamHost, private: isPrivate } = reply;
    return { size, upstreamHost, private: isPrivate, cacheStatus: readCacheStatus(reply.cacheStatus) };
  }

  async readBlob(query: BlobReadQuery, signal: AbortSignal): Promise<BlobRead> {
    const { address, digest, range, avoid, since, counted = false } = query;
    const context = since === undefined ? query.context : { ...query.context, authorizedAt: since };
    const message = { context, address: addressMessage(address), digest, ...rangeMessage(range), counted };
    const { node, first, stream } = await this.calls.begin(
      digest,
      avoid,
      (plane) => {
        const { local, bytes } = plane;
        const channel = bytes?.isUsable ?? false;
        return plane.streams.readBlob({ ...message, accepts: accepted(query.accepts, { local, channel }) });
      },
      signal,
    );
    try {
      const header = first?.header;
      const channel =
        header?.delivery === 'CHANNEL'
          ? new ChannelRead({ plane: node.connection, header, stream, signal, clock: this.clock })
          : undefined;
      return {
        header: readHeader(first, channel && ((buffers) => channel.open(buffers))),
        node: node.name,
        next: async () => {
          if (channel !== undefined) return channel.end();
          const next = await stream.next();
          return next === undefined ? undefined : readBlobMessage(next);
        },
        cancel: () => stream.cancel(),
      };
    } catch (error) {
      stream.cancel();
      throw error;
    }
  }

  async listTags({ context, address, limit, last, page }: TagsQuery, signal: AbortSignal): Promise<TagsPage> {
    const message = { context, address: addressMessage(address), limit, last, page };
    const reply = await this.calls.unary<ListTagsReply__Output>(
      repositoryKey(address),
      (client, options, done) => client.listTags(message, options, done),
      signal,
    );
    const { tags, nextLast, nextPage, nextLimit, upstreamHost, private: isPrivate } = reply;
    return {
      tags,
      nextLast,
      nextPage,
      nextLimit,
      upstreamHost,
      private: isPrivate,
      cacheStatus: readCacheStatus(reply.cacheStatus),
    };
  }

  listRepositories(query: RepositoryNamesQuery, signal: AbortSignal): Promise<RepositoryNames> {
    const { context, hostOrganization = '', limit, last } = query;
    return this.calls.unary(
      context.requestId,
      (client, options, done) => client.listRepositories({ context, hostOrganization, limit, last }, options, done),
      signal,
    );
  }

  async listReferrers(query: ReferrersQuery, signal: AbortSignal): Promise<ReferrersPage> {
    const { context, address, digest, artifactType, page } = query;
    const message = { context, address: addressMessage(address), digest, artifactType, page };
    const reply = await this.calls.unary<ListReferrersReply__Output>(
      digest,
      (client, options, done) => client.listReferrers(message, options, done),
      signal,
    );
    const { content, filtered, nextPage, upstreamHost, private: isPrivate } = reply;
    return {
      content,
      filtered,
      nextPage,
      upstreamHost,
      private: isPrivate,
      cacheStatus: readCacheStatus(reply.cacheStatus),
    };
  }

  issueToken(query: TokenQuery, signal: AbortSignal): Promise<TokenAnswer> {
    return this.calls.unary(
      query.context.requestId,
      (client, options, done) => client.issueToken(query, options, done),
      signal,
    );
  }

  async ready(timeoutMs: number): Promise<void> {
    const { signal } = new AbortController();
    try {
      await this.calls.unary(
        PROBE.requestId,
        (client, options, done) => client.checkAccess({ context: PROBE }, options, done),
        signal,
        timeoutMs,
      );
    } catch (error) {
      // A private installation refuses a request without credentials, which proves that it is
      // reachable.
      if (!(error instanceof LayoverError) || error.key !== 'UNAUTHORIZED') throw error;
    }
  }

  close(): void {
    this.nodes.close();
  }
}

/**
 * Returns the rendezvous hashing key of a manifest. All edges must compute the same key. A digest
 * names the same content in every repository; a tag belongs to its repository.
 */
function manifestKey({ address, reference }: ManifestQuery): string {
  return reference.kind === 'digest' ? reference.digest : `${repositoryKey(address)}:${formatReference(reference)}`;
}

/** Returns the rendezvous hashing key of a repository. */
function repositoryKey(address: RepositoryAddress): string {
  const owner = address.owner === 'mirror' ? `ns=${address.mirrorHost}` : address.organization;
  return `${owner}/${address.repository}`;
}
