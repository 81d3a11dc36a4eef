import type { ChannelCredentials, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { fromGrpcError } from '../../../common/grpc/error-status';
import { loadCatalog } from '../../../common/grpc/load-proto';
import type { CatalogClient } from '../../../proto/gen/layover/v1/Catalog';
import type { CatchUpReply__Output } from '../../../proto/gen/layover/v1/CatchUpReply';
import type { JudgeBlobReply__Output } from '../../../proto/gen/layover/v1/JudgeBlobReply';
import type { JudgeImageReply__Output } from '../../../proto/gen/layover/v1/JudgeImageReply';
import type { LookupTagReply__Output } from '../../../proto/gen/layover/v1/LookupTagReply';
import type { LookupManifestReply__Output } from '../../../proto/gen/layover/v1/LookupManifestReply';
import type { LookupBlobReply__Output } from '../../../proto/gen/layover/v1/LookupBlobReply';
import type { AdmitManifestReply__Output } from '../../../proto/gen/layover/v1/AdmitManifestReply';
import type { ListCachedRepositoriesReply__Output } from '../../../proto/gen/layover/v1/ListCachedRepositoriesReply';
import type { ListCachedTagsReply__Output } from '../../../proto/gen/layover/v1/ListCachedTagsReply';
import type { RecordPullsReply__Output } from '../../../proto/gen/layover/v1/RecordPullsReply';
import type { ReportUseReply__Output } from '../../../proto/gen/layover/v1/ReportUseReply';
import type { ConfigurationSnapshot__Output } from '../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { ConfigurationUpdate__Output } from '../../../proto/gen/layover/v1/ConfigurationUpdate';
import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { WatchRequest } from '../../../proto/gen/layover/v1/WatchRequest';
import type { WatchReply__Output } from '../../../proto/gen/layover/v1/WatchReply';
import { sendingSecret } from '../plane-secret';

type Method =
  | 'LookupTag'
  | 'LookupManifest'
  | 'LookupBlob'
  | 'AdmitManifest'
  | 'ListCachedTags'
  | 'ListCachedRepositories'
  | 'RecordPulls'
  | 'CatchUp'
  | 'ReportUse'
  | 'JudgeImage'
  | 'JudgeBlob';
type Request<M extends Method> = Parameters<CatalogClient[M]>[0];

/** Time limit of a call in milliseconds. Longer than that of data planes, for busy machines. */
const CALL_MS = 30_000;

/** A Catalog client with promises, for tests. Failures are LayoverErrors. */
export class TestCatalog {
  private readonly client: CatalogClient;
  private readonly streams: ClientReadableStream<WatchReply__Output>[] = [];

  constructor(address: string, by: ChannelCredentials = sendingSecret()) {
    const Client = loadCatalog();
    this.client = new Client(address, by, { 'grpc.enable_http_proxy': 0 });
  }

  call<M extends Method>(method: M, request: Request<M>): Promise<Replies[M]> {
    return call(this.client, method, request);
  }

  /**
   * Opens a Watch stream, as a data plane that knows nothing unless `request` says otherwise.
   */
  watch(node = 'test', request: Partial<WatchRequest> = {}): WatchedConfiguration {
    const stream = this.client.Watch({ node, knownRevision: 0, knownMark: '', acceptsUpdates: true, ...request });
    this.streams.push(stream);
    return new WatchedConfiguration(stream);
  }

  close(): void {
    for (const stream of this.streams) stream.cancel();
    this.client.close();
  }
}

/** The configuration as a data plane has it after an update. */
export type WatchedSnapshot = Omit<ConfigurationSnapshot__Output, 'format' | 'confirmedAt'>;

/** The messages of a Watch stream, one at a time. */
export class WatchedConfiguration {
  private readonly received: WatchReply__Output[] = [];
  private readonly organizations = new Map<string, Organization__Output>();
  private wake: () => void = () => undefined;
  private ended = false;

  constructor(stream: ClientReadableStream<WatchReply__Output>) {
    stream.on('data', (message: WatchReply__Output) => {
      this.received.push(message);
      this.wake();
    });
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    stream.on('error', end);
    stream.on('end', end);
  }

  /** Returns the next message, or undefined if the stream has ended. */
  async next(): Promise<WatchReply__Output | undefined> {
    for (;;) {
      const message = this.received.shift();
      if (message !== undefined || this.ended) return message;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Returns the next update, assembled from its parts. Skips other messages. */
  async update(): Promise<ConfigurationUpdate__Output> {
    let parts: ConfigurationUpdate__Output | undefined;
    for (;;) {
      const message = await this.next();
      if (message === undefined) throw new Error('the stream has ended');
      if (!message.update) continue;
      const { organizations, removedUids } = message.update;
      parts = {
        ...message.update,
        organizations: [...(parts?.organizations ?? []), ...organizations],
        removedUids: [...(parts?.removedUids ?? []), ...removedUids],
      };
      if (parts.last) return parts;
    }
  }

  /** The whole configuration after the next update, organizations by name. */
  async snapshot(): Promise<WatchedSnapshot> {
    const { fromRevision, revision, mark, organizations, removedUids, settings, tokenKeys } = await this.update();
    if (fromRevision === 0) this.organizations.clear();
    for (const uid of removedUids) this.organizations.delete(uid);
    for (const organization of organizations) this.organizations.set(organization.uid, organization);
    const byName = [...this.organizations.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
    return { revision, mark, organizations: byName, settings, tokenKeys };
  }
}

interface Replies {
  CatchUp: CatchUpReply__Output;
  LookupTag: LookupTagReply__Output;
  LookupManifest: LookupManifestReply__Output;
  LookupBlob: LookupBlobReply__Output;
  AdmitManifest: AdmitManifestReply__Output;
  ListCachedTags: ListCachedTagsReply__Output;
  ListCachedRepositories: ListCachedRepositoriesReply__Output;
  RecordPulls: RecordPullsReply__Output;
  ReportUse: ReportUseReply__Output;
  JudgeImage: JudgeImageReply__Output;
  JudgeBlob: JudgeBlobReply__Output;
}

function call<M extends Method>(client: CatalogClient, method: M, request: Request<M>): Promise<Replies[M]> {
  return new Promise((resolve, reject) => {
    const invoke = client[method] as unknown as (
      request: Request<M>,
      options: { deadline: number },
      done: (error: ServiceError | null, reply: Replies[M]) => void,
    ) => void;
    invoke.call(client, request, { deadline: Date.now() + CALL_MS }, (error, reply) =>
      error === null ? resolve(reply) : reject(fromGrpcError(error, 'NOT_READY')),
    );
  });
}
