import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type sendUnaryData, Server, ServerCredentials, type ServerWritableStream, status } from '@grpc/grpc-js';
import { isLayoverError, type LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import { loadCatalog } from '../../../common/grpc/load-proto';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { AdmitManifestReply } from '../../../proto/gen/layover/v1/AdmitManifestReply';
import type { AdmitManifestRequest__Output } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { CatalogHandlers } from '../../../proto/gen/layover/v1/Catalog';
import type { CachedTag } from '../../../proto/gen/layover/v1/CachedTag';
import type { ConfigurationSnapshot } from '../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { ConfigurationUpdate } from '../../../proto/gen/layover/v1/ConfigurationUpdate';
import type { ContentUse__Output } from '../../../proto/gen/layover/v1/ContentUse';
import type { Descriptor } from '../../../proto/gen/layover/v1/Descriptor';
import type { Invalidation } from '../../../proto/gen/layover/v1/Invalidation';
import type { LookupManifestReply } from '../../../proto/gen/layover/v1/LookupManifestReply';
import type { JudgeBlobReply } from '../../../proto/gen/layover/v1/JudgeBlobReply';
import type { JudgeImageReply } from '../../../proto/gen/layover/v1/JudgeImageReply';
import type { JudgeImageRequest__Output } from '../../../proto/gen/layover/v1/JudgeImageRequest';
import type { PullRecord__Output } from '../../../proto/gen/layover/v1/PullRecord';
import type { RepositoryKey__Output } from '../../../proto/gen/layover/v1/RepositoryKey';
import type { WatchReply } from '../../../proto/gen/layover/v1/WatchReply';
import type { WatchRequest__Output } from '../../../proto/gen/layover/v1/WatchRequest';

/** The verdict for images without an entry in `verdicts`. */
const NOT_SCANNED: JudgeImageReply = { verdict: 'UNSCANNED' };

/** How the fake misbehaves. All fields may be changed while it runs. */
export interface FakeCatalogSwitches {
  /** Delay of every unary answer in milliseconds. The answer is computed before the delay. */
  delayMs: number;
  /**
   * The error of every unary call: a status as the transport creates it, or an error as the control
   * plane sends it.
   */
  failWith: status | LayoverError | undefined;
  /** Whether Watch streams begin without a message. */
  muteWatch: boolean;
  /** Whether Watch streams get snapshots instead of updates, as from an earlier control plane. */
  sendsSnapshots: boolean;
  /** RecordPulls refuses a batch (INVALID_ARGUMENT) that contains such a record. */
  refuse: (record: PullRecord__Output) => boolean;
  /**
   * Number of RecordPulls calls that record everything and then fail, as if the answer was lost.
   */
  loseAnswers: number;
  /** The decision of AdmitManifest. */
  admission: AdmitManifestReply;
  /** The configuration that CatchUp finds and sends, as from another control plane. */
  caughtUp: ConfigurationSnapshot | undefined;
  /** Replaces `verdicts`, for verdicts that take time. */
  judge: ((request: JudgeImageRequest__Output, cancelled: Promise<void>) => Promise<JudgeImageReply>) | undefined;
}

/** A call, in order of arrival. */
export interface FakeCatalogCall {
  readonly method: string;
  readonly request: unknown;
}

type WatchCall = ServerWritableStream<WatchRequest__Output, WatchReply>;
type Watcher = { readonly call: WatchCall; readonly request: WatchRequest__Output };

/**
 * The Catalog of a control plane in memory behind a real gRPC server. The state survives stop() and
 * start(), like a database.
 */
export class FakeCatalog {
  readonly switches: FakeCatalogSwitches = {
    delayMs: 0,
    failWith: undefined,
    muteWatch: false,
    sendsSnapshots: false,
    refuse: () => false,
    loseAnswers: 0,
    admission: { decision: 'ADMITTED' },
    caughtUp: undefined,
    judge: undefined,
  };
  /** All calls, in order of arrival. */
  readonly calls: FakeCatalogCall[] = [];
  /** Records by id, in the order of their first arrival. */
  readonly records = new Map<string, PullRecord__Output>();
  /** The last content uses that each node reported. */
  readonly uses = new Map<string, readonly ContentUse__Output[]>();
  /** The number of deliveries of each id. */
  readonly deliveries = new Map<string, number>();
  /** Admissions by repository, manifest, tag and time; repeated deliveries are stored once. */
  readonly admissions = new Map<string, AdmitManifestRequest__Output>();
  private readonly tags = new Map<string, CachedTag>();
  /** The verdicts by digest; the default is UNSCANNED. */
  readonly verdicts = new Map<string, JudgeImageReply>();
  /** The verdicts about blobs by digest; the default is that a blob may be served. */
  readonly blobVerdicts = new Map<string, JudgeBlobReply>();
  private readonly manifests = new Map<string, LookupManifestReply>();
  private readonly blobs = new Map<string, Descriptor>();
  private readonly proofs = new Map<string, readonly string[]>();
  private readonly watchers = new Set<Watcher>();
  private readonly changed = new Set<() => void>();
  private server: Server | undefined;

  private constructor(
    private current: ConfigurationSnapshot,
    private bound: ListenAddress,
  ) {}

  /** Starts the fake on a free port of 127.0.0.1 or at the given address. */
  static async start(
    snapshot: ConfigurationSnapshot = emptySnapshot(1),
    address: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 },
  ): Promise<FakeCatalog> {
    const fake = new FakeCatalog(snapshot, address);
    await fake.start();
    return fake;
  }

  /** Returns the address, which does not change with a restart. */
  get address(): ListenAddress {
    return this.bound;
  }

  /** Returns the nodes with an open Watch stream. */
  get watching(): readonly WatchRequest__Output[] {
    return [...this.watchers].map(({ request }) => request);
  }

  /** Starts again at the same address after stop(). */
  async start(): Promise<void> {
    if (this.bound.kind === 'unix') rmSync(this.bound.path, { force: true });
    const server = new Server();
    server.addService(loadCatalog().service, this.handlers());
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(formatGrpcAddress(this.bound), ServerCredentials.createInsecure(), (error, found) =>
        error ? reject(error) : resolve(found),
      ),
    );
    if (this.bound.kind === 'tcp') this.bound = { ...this.bound, port };
    this.server = server;
  }

  /** Stops immediately and closes every connection. */
  async stop(): Promise<void> {
    this.server?.forceShutdown();
    this.server = undefined;
    this.watchers.clear();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Replaces the configuration and sends the changes to every watcher. */
  configure(snapshot: ConfigurationSnapshot): void {
    const before = this.current;
    this.current = snapshot;
    const { sendsSnapshots } = this.switches;
    this.broadcast(sendsSnapshots ? { snapshot } : { update: updateOf(snapshot, before) });
  }

  /** Sends a message to every watcher as it is. */
  send(message: WatchReply): void {
    this.broadcast(message);
  }

  /** Sends an invalidation to every watcher. */
  invalidate(invalidation: Invalidation): void {
    this.broadcast({ invalidation });
  }

  /** Sends a heartbeat to every watcher. None is sent automatically. */
  beat(): void {
    this.broadcast({ heartbeat: { revision: this.current.revision } });
  }

  /** Ends every Watch stream with status OK. */
  endStreams(): void {
    for (const { call } of this.watchers) call.end();
    this.watchers.clear();
  }

  setTag(key: Partial<RepositoryKey__Output>, name: string, tag: CachedTag): void {
    this.tags.set(keyOf(key, name), tag);
  }

  removeTag(key: Partial<RepositoryKey__Output>, tag: string): void {
    this.tags.delete(keyOf(key, tag));
  }

  setManifest(key: Partial<RepositoryKey__Output>, reply: LookupManifestReply): void {
    this.manifests.set(keyOf(key, reply.manifest?.digest ?? ''), reply);
  }

  removeManifest(key: Partial<RepositoryKey__Output>, digest: string): void {
    this.manifests.delete(keyOf(key, digest));
  }

  setBlob(key: Partial<RepositoryKey__Output>, blob: Descriptor): void {
    this.blobs.set(keyOf(key, blob.digest ?? ''), blob);
  }

  /** Adds a proof of the right to read a blob. */
  setProof(identity: string, digest: string, upstreamRepository: string): void {
    const key = `${identity} ${digest}`;
    this.proofs.set(key, [...(this.proofs.get(key) ?? []), upstreamRepository]);
  }

  /** Returns the number of calls of a method. */
  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  /**
   * Resolves when the condition holds, which is checked after every call. Rejects after `withinMs`.
   */
  until(condition: () => boolean, withinMs = 5000): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.changed.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.changed.delete(look);
        reject(new Error('the fake catalog timed out waiting for a condition'));
      }, withinMs);
      this.changed.add(look);
      look();
    });
  }

  private handlers(): CatalogHandlers {
    return {
      Watch: (call: WatchCall) => {
        this.note('Watch', call.request);
        const watcher = { call, request: call.request };
        this.watchers.add(watcher);
        call.on('cancelled', () => {
          this.watchers.delete(watcher);
          this.notify();
        });
        if (!this.switches.muteWatch) call.write(this.firstMessage(call.request));
        this.notify();
      },
      CatchUp: (call, callback) =>
        this.answer('CatchUp', call.request, callback, () => {
          const { caughtUp } = this.switches;
          if (caughtUp !== undefined) this.configure(caughtUp);
          return { revision: this.current.revision };
        }),
      LookupTag: (call, callback) =>
        this.answer('LookupTag', call.request, callback, ({ repository, tag }) => ({
          tag: this.tags.get(keyOf(repository ?? {}, tag)),
        })),
      LookupManifest: (call, callback) =>
        this.answer(
          'LookupManifest',
          call.request,
          callback,
          ({ repository, digest }) => this.manifests.get(keyOf(repository ?? {}, digest)) ?? {},
        ),
      LookupBlob: (call, callback) =>
        this.answer('LookupBlob', call.request, callback, ({ repository, digest, identities }) => ({
          blob: this.blobs.get(keyOf(repository ?? {}, digest)),
          provenBy: [...new Set(identities.flatMap((identity) => this.proofs.get(`${identity} ${digest}`) ?? []))],
        })),
      AdmitManifest: (call, callback) =>
        this.answer('AdmitManifest', call.request, callback, (request) => {
          this.noteAdmission(request);
          return this.switches.admission;
        }),
      ListCachedTags: (call, callback) =>
        this.answer('ListCachedTags', call.request, callback, ({ repository, limit, last }) => {
          const prefix = keyOf(repository ?? {}, '');
          const tags = [...this.tags.keys()]
            .filter((key) => key.startsWith(prefix))
            .map((key) => key.slice(prefix.length))
            .filter((tag) => tag > last)
            .sort();
          return { tags: tags.slice(0, limit), more: tags.length > limit };
        }),
      ListCachedRepositories: (call, callback) =>
        this.answer('ListCachedRepositories', call.request, callback, () => ({ organizations: [], more: false })),
      RecordPulls: (call, callback) =>
        this.answer('RecordPulls', call.request, callback, ({ records }) => {
          if (records.some((record) => this.switches.refuse(record))) {
            throw failure(status.INVALID_ARGUMENT, 'a record of this batch is refused');
          }
          const before = this.records.size;
          for (const record of records) {
            this.deliveries.set(record.id, (this.deliveries.get(record.id) ?? 0) + 1);
            if (!this.records.has(record.id)) this.records.set(record.id, record);
            if (record.admission) this.noteAdmission(record.admission);
          }
          if (this.switches.loseAnswers > 0) {
            this.switches.loseAnswers -= 1;
            throw failure(status.UNAVAILABLE, 'the answer is lost');
          }
          return { recorded: this.records.size - before };
        }),
      JudgeImage: (call, callback) => {
        const { judge, failWith } = this.switches;
        if (judge !== undefined && failWith === undefined) {
          this.note('JudgeImage', call.request);
          const cancelled = new Promise<void>((resolve) => call.on('cancelled', resolve));
          void judge(call.request, cancelled).then((reply) => callback(null, reply));
          return;
        }
        this.answer(
          'JudgeImage',
          call.request,
          callback,
          ({ digest }) => this.verdicts.get(digest ?? '') ?? NOT_SCANNED,
        );
      },
      JudgeBlob: (call, callback) =>
        this.answer('JudgeBlob', call.request, callback, ({ digest }) => this.blobVerdicts.get(digest) ?? {}),
      ReportUse: (call, callback) =>
        this.answer('ReportUse', call.request, callback, ({ node, uses }) => {
          this.uses.set(node, uses);
          return {};
        }),
    };
  }

  private firstMessage({ knownRevision, knownMark }: WatchRequest__Output): WatchReply {
    if (this.switches.sendsSnapshots) return { snapshot: this.current };
    const isKnown = knownRevision === this.current.revision && knownMark === markOf(knownRevision);
    return { update: updateOf(this.current, isKnown ? this.current : undefined) };
  }

  private answer<Request, Reply>(
    method: string,
    request: Request,
    callback: sendUnaryData<Reply>,
    handle: (request: Request) => Reply,
  ): void {
    this.note(method, request);
    const { delayMs } = this.switches;
    const reply = this.replyTo(request, handle);
    const send = (): void => {
      reply(callback);
      this.notify();
    };
    if (delayMs === 0) send();
    else setTimeout(send, delayMs).unref();
  }

  /** Computes the answer now, no matter when it is sent. */
  private replyTo<Request, Reply>(
    request: Request,
    handle: (request: Request) => Reply,
  ): (callback: sendUnaryData<Reply>) => void {
    const { failWith } = this.switches;
    try {
      if (isLayoverError(failWith)) throw toGrpcFailure(failWith);
      if (failWith !== undefined) throw failure(failWith, 'told to fail');
      const reply = handle(request);
      return (callback) => callback(null, reply);
    } catch (error) {
      return (callback) => callback(error as ReturnType<typeof failure>);
    }
  }

  private broadcast(message: WatchReply): void {
    for (const { call } of this.watchers) call.write(message);
  }

  private noteAdmission(request: AdmitManifestRequest__Output): void {
    const { repository, manifest, tag, checkedAt } = request;
    this.admissions.set(JSON.stringify([repository, manifest?.digest, tag, checkedAt]), request);
  }

  private note(method: string, request: unknown): void {
    this.calls.push({ method, request });
    this.notify();
  }

  private notify(): void {
    for (const look of [...this.changed]) look();
  }
}

/** Returns the mark of a revision of the fake. */
export function markOf(revision: number): string {
  return `mark-${revision}`;
}

/**
 * Returns the update, in one part, that changes a configuration from `before` (undefined for any)
 * to `snapshot`.
 */
export function updateOf(snapshot: ConfigurationSnapshot, before?: ConfigurationSnapshot): ConfigurationUpdate {
  const known = new Map(before?.organizations?.map((organization) => [organization.uid, organization]));
  const { revision = 0, organizations = [], settings, tokenKeys } = snapshot;
  const uids = new Set(organizations.map(({ uid }) => uid));
  return {
    fromRevision: before?.revision ?? 0,
    revision,
    mark: markOf(Number(revision)),
    last: true,
    organizations: organizations.filter((one) => !isDeepStrictEqual(one, known.get(one.uid))),
    removedUids: [...known.keys()].flatMap((uid) => (uid === undefined || uids.has(uid) ? [] : [uid])),
    settings,
    tokenKeys,
  };
}

/** Returns a valid configuration without organizations. */
export function emptySnapshot(revision: number): ConfigurationSnapshot {
  return {
    revision,
    organizations: [],
    settings: { proxyCacheEnabled: true },
    tokenKeys: [{ id: 'key-1', secret: randomBytes(32) }],
  };
}

function keyOf({ organizationUid, originVersion, repository }: Partial<RepositoryKey__Output>, name: string): string {
  return `${organizationUid}\0${originVersion}\0${repository}\0${name}`;
}

function failure(code: status, details: string): Error & { code: status; details: string } {
  return Object.assign(new Error(details), { code, details });
}
