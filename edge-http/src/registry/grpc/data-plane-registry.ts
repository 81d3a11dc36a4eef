import { type Backoff, backoffDelay } from '../../../../common/async/backoff';
import { sleep } from '../../../../common/async/sleep';
import { untilAborted } from '../../../../common/async/until-aborted';
import { isLayoverError, LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import { mustDigest } from '../../../../common/oci/digest';
import { formatReference } from '../../../../common/oci/reference';
import type { Node } from '../../../../common/nodes/node';
import type { NodeSet } from '../../../../common/nodes/node-set';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { createTimeOrderedIds } from '../../../../common/runtime/time-ordered-ids';
import type { Tracer } from '../../../../common/tracing/tracer';
import type { GetManifestRequest } from '../../../../proto/gen/layover/v1/GetManifestRequest';
import type { ReadBlobRequest } from '../../../../proto/gen/layover/v1/ReadBlobRequest';
import { isNodeFailure } from '../node-failure';
import type {
  BlobQuery,
  BlobRead,
  BlobReadQuery,
  BlobStatAnswer,
  Departure,
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
import { AnswerReports } from './answer-reports';
import { type BlobPlace, BlobSpread } from './blob-spread';
import type { StartedRead } from './blob-streams';
import { ChannelRead } from './channel-read';
import type { DataPlaneConnection } from './data-plane';
import {
  accepted,
  addressMessage,
  blobHeaderOf,
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

/** Pauses between attempts to go on with a blob. */
const RESUME_BACKOFF: Backoff = { firstMs: 100, maxMs: 1_000, jitter: 0.5 };
/** Time limit of a report of answers, in milliseconds. */
const REPORT_MS = 10_000;

/** Dependencies of {@link DataPlaneRegistry}. */
export interface DataPlaneRegistryOptions {
  readonly nodes: NodeSet<DataPlaneConnection>;
  readonly clock: Clock;
  readonly tracer: Tracer;
  readonly logger: Logger;
  /** See BlobSpreadOptions. Default: 0. */
  readonly readersPerNode?: number;
  /** Called when a node failed and another one is asked. */
  readonly onRetry: () => void;
  /** Called when a blob is read from another node because the first one is busy with it. */
  readonly onSpread?: () => void;
}

/** {@link RegistryReader} over gRPC. */
export class DataPlaneRegistry implements RegistryReader {
  private readonly nodes: NodeSet<DataPlaneConnection>;
  private readonly clock: Clock;
  private readonly calls: NodeCalls;
  private readonly spread: BlobSpread<DataPlaneConnection>;
  private readonly reports: AnswerReports;
  private readonly nextRecordId: () => string;

  constructor(private readonly options: DataPlaneRegistryOptions) {
    const { nodes, clock, logger, readersPerNode = 0 } = options;
    this.nodes = nodes;
    this.clock = clock;
    this.calls = new NodeCalls(options);
    this.spread = new BlobSpread({ nodes, clock, readersPerNode });
    this.nextRecordId = createTimeOrderedIds(clock);
    this.reports = new AnswerReports({
      clock,
      logger,
      nextRecordId: this.nextRecordId,
      isLive: () => nodes.size > 0,
      send: async (answers) => {
        const { signal } = new AbortController();
        await this.calls.call(this.nextRecordId(), 'recordAnswers', { answers: [...answers] }, signal, REPORT_MS);
      },
    });
  }

  /** Number of manifest requests that this edge answered by itself and nobody has recorded yet. */
  get unrecorded(): number {
    return this.reports.size;
  }

  start(): Promise<void> {
    return this.nodes.start();
  }

  async checkAccess(context: RequestContext, departure: Departure): Promise<void> {
    await this.calls.call(context.requestId, 'checkAccess', { context }, departure);
  }

  async getManifest(query: ManifestQuery, departure: Departure): Promise<ManifestAnswer> {
    // All attempts are one pull record: that of the last one.
    const recordId = this.nextRecordId();
    let attempt = 0;
    const message = manifestMessage(query);
    const messageFor = (): GetManifestRequest => {
      attempt += 1;
      return { ...message, context: { ...message.context, recordId, attempt } };
    };
    try {
      const { reply } = await this.calls.ask({ key: manifestKey(query), kind: 'getManifest', messageFor }, departure);
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
    } catch (error) {
      if (isOwnAnswer(error, attempt)) this.reports.add(messageFor(), toLayoverError(error));
      throw error;
    }
  }

  async statBlob({ context, address, digest }: BlobQuery, departure: Departure): Promise<BlobStatAnswer> {
    const message = { context, address: addressMessage(address), digest };
    const reply = await this.calls.call(digest, 'statBlob', message, departure);
    const { size, upstreamHost, private: isPrivate } = reply;
    return { size, upstreamHost, private: isPrivate, cacheStatus: readCacheStatus(reply.cacheStatus) };
  }

  async readBlob(query: BlobReadQuery, signal: AbortSignal): Promise<BlobRead> {
    const giveUpAt = this.clock.steady() + (query.waitMs ?? 0);
    let { avoid } = query;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.readOnce({ ...query, avoid }, signal);
      } catch (error) {
        const leftMs = giveUpAt - this.clock.steady();
        if (leftMs <= 0 || !mayBeBack(error)) throw error;
        await sleep(this.clock, Math.min(backoffDelay(RESUME_BACKOFF, failures), leftMs), signal);
        await untilAborted(this.nodes.whenLive(leftMs), signal);
        avoid = [];
      }
    }
  }

  private async readOnce(query: BlobReadQuery, signal: AbortSignal): Promise<BlobRead> {
    const { address, digest, range, avoid, since, counted = false } = query;
    const context = since === undefined ? query.context : { ...query.context, authorizedAt: since };
    const message = { context, address: addressMessage(address), digest, ...rangeMessage(range), counted };
    if (query.accepts !== 'inline') {
      const opened = await this.openBlob(query, message, signal);
      if (opened !== undefined) return opened;
    }
    // A range has its bytes at the first node, where the fill or the copy of the blob is.
    const place = await this.spread.enter(digest, avoid, range === undefined || since !== undefined);
    try {
      if (place.isFurther) this.options.onSpread?.();
      return await this.readAt(place, query, message, signal);
    } catch (error) {
      place.end();
      throw error;
    }
  }

  private async readAt(
    place: BlobPlace<DataPlaneConnection>,
    { digest, avoid, accepts }: BlobReadQuery,
    message: ReadBlobRequest,
    signal: AbortSignal,
  ): Promise<BlobRead> {
    const invoke = (one: Node<DataPlaneConnection>): StartedRead => {
      const { local, bytes, streams } = one.connection;
      const channel = bytes?.isUsable ?? false;
      const further = place.isFurther && one === place.node;
      return streams.readBlob({ ...message, accepts: accepted(accepts, { local, channel }), further });
    };
    const { node, first, stream } = await this.calls.begin({ key: digest, avoid, first: place.node, invoke }, signal);
    try {
      const header = first?.header;
      if (header != null) place.answered(node.name, header);
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
        cancel: () => {
          place.end();
          stream.cancel();
        },
      };
    } catch (error) {
      stream.cancel();
      throw error;
    }
  }

  /**
   * Opens a blob whose bytes need no call. Returns undefined if they do, as they always do for a
   * node that offers no files.
   */
  private async openBlob(
    { digest, avoid, accepts }: BlobReadQuery,
    message: ReadBlobRequest,
    signal: AbortSignal,
  ): Promise<BlobRead | undefined> {
    if (this.nodes.pick(digest, avoid)?.connection.local !== true) return undefined;
    const messageFor = ({ local }: DataPlaneConnection): ReadBlobRequest => ({
      ...message,
      accepts: accepted(accepts, { local, channel: false }),
    });
    const { node, reply } = await this.calls.ask({ key: digest, kind: 'openBlob', messageFor, avoid }, signal);
    if (reply.header == null) return undefined;
    return {
      header: blobHeaderOf(reply.header),
      node: node.name,
      next: () => Promise.resolve(undefined),
      cancel: () => undefined,
    };
  }

  async listTags({ context, address, limit, last, page }: TagsQuery, departure: Departure): Promise<TagsPage> {
    const message = { context, address: addressMessage(address), limit, last, page };
    const reply = await this.calls.call(repositoryKey(address), 'listTags', message, departure);
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

  listRepositories(query: RepositoryNamesQuery, departure: Departure): Promise<RepositoryNames> {
    const { context, hostOrganization = '', limit, last } = query;
    const message = { context, hostOrganization, limit, last };
    return this.calls.call(context.requestId, 'listRepositories', message, departure);
  }

  async listReferrers(query: ReferrersQuery, departure: Departure): Promise<ReferrersPage> {
    const { context, address, digest, artifactType, page } = query;
    const message = { context, address: addressMessage(address), digest, artifactType, page };
    const reply = await this.calls.call(digest, 'listReferrers', message, departure);
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

  issueToken(query: TokenQuery, departure: Departure): Promise<TokenAnswer> {
    return this.calls.call(query.context.requestId, 'issueToken', query, departure);
  }

  async ready(timeoutMs: number): Promise<void> {
    const { signal } = new AbortController();
    try {
      await this.calls.call(PROBE.requestId, 'checkAccess', { context: PROBE }, signal, timeoutMs);
    } catch (error) {
      // A private installation refuses a request without credentials, which proves that it is
      // reachable.
      if (!(error instanceof LayoverError) || error.key !== 'UNAUTHORIZED') throw error;
    }
  }

  settle(): Promise<void> {
    return this.reports.settle();
  }

  close(): void {
    this.reports.close();
    this.nodes.close();
  }
}

/** Returns whether a data plane that failed like this may be well again soon. */
function mayBeBack(error: unknown): boolean {
  return isLayoverError(error) && (error.key === 'DATA_PLANE_UNAVAILABLE' || error.key === 'NOT_READY');
}

/**
 * Returns whether a failed manifest request after so many attempts has no record of a data plane,
 * or one with another outcome. A report too many does no harm: it has the identity of the request.
 */
function isOwnAnswer(error: unknown, attempts: number): boolean {
  if (!isLayoverError(error) || error.key === 'DATA_PLANE_UNAVAILABLE' || error.key === 'TIMEOUT') return true;
  return attempts > 1 && isNodeFailure(error);
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
