import type { status } from '@grpc/grpc-js';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import { loadStorage } from '../../../common/grpc/load-proto';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { StatJournalReply } from '../../../proto/gen/layover/v1/StatJournalReply';
import type { StorageHandlers } from '../../../proto/gen/layover/v1/Storage';

/** Methods of Storage that the fake implements. */
export type StorageMethod = 'StatBlobs' | 'DeleteBlobs' | 'ListBlobs' | 'VerifyBlobs';

/** A received call. */
export interface FakeStorageCall {
  readonly method: StorageMethod;
  /** The digests of the request; for ListBlobs the digest after which the page begins. */
  readonly digests: readonly string[];
}

/** Switches for faults and delays. They can be changed at any time. */
export interface FakeStorageSwitches {
  /** If set, every call fails with this status. */
  failWith: status | undefined;
  /**
   * Is awaited before a call is handled. Changes that a test makes here come before the access to
   * the store.
   */
  before: (method: StorageMethod, digests: readonly string[]) => void | Promise<void>;
  /** Is awaited after a call is handled, before its answer is sent. */
  after: (method: StorageMethod, digests: readonly string[]) => void | Promise<void>;
  /** Maximum number of digests in a page of ListBlobs. */
  pageSize: number;
}

/**
 * The store of a data plane, in memory behind a real gRPC server. Its content survives stop() and
 * start(), as on a disk.
 */
export class FakeStorage {
  readonly switches: FakeStorageSwitches = {
    failWith: undefined,
    before: () => undefined,
    after: () => undefined,
    pageSize: 1000,
  };
  /** All calls, oldest first. */
  readonly calls: FakeStorageCall[] = [];
  /** Stored blobs: size in bytes by digest. */
  readonly blobs = new Map<string, number>();
  /** Digests that are in use, stored or not. */
  readonly inUse = new Set<string>();
  /** Digests whose deletion or verification fails. */
  readonly failing = new Set<string>();
  /** Digests whose bytes do not match. */
  readonly damaged = new Set<string>();
  /** Digests in quarantine. */
  readonly quarantined = new Set<string>();
  /** The state of the journal. */
  journal: StatJournalReply = {};
  private server: Server | undefined;

  private constructor(private bound: ListenAddress) {}

  /** Starts on the given address. Default: a free port of 127.0.0.1. */
  static async start(address: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }): Promise<FakeStorage> {
    const fake = new FakeStorage(address);
    await fake.start();
    return fake;
  }

  /** The address for LAYOVER_DATA_PLANES. It does not change after a restart. */
  get address(): string {
    return this.bound.kind === 'unix' ? `unix:${this.bound.path}` : `${this.bound.host}:${this.bound.port}`;
  }

  /** Starts again after stop(), on the same address. */
  async start(): Promise<void> {
    const server = new Server();
    server.addService(loadStorage().service, this.handlers());
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(formatGrpcAddress(this.bound), ServerCredentials.createInsecure(), (error, found) =>
        error ? reject(error) : resolve(found),
      ),
    );
    if (this.bound.kind === 'tcp') this.bound = { ...this.bound, port };
    this.server = server;
  }

  /** Stops at once and closes every connection. */
  async stop(): Promise<void> {
    this.server?.forceShutdown();
    this.server = undefined;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Digests of all requested deletions, in order. */
  get deletions(): readonly string[] {
    return this.calls.filter(({ method }) => method === 'DeleteBlobs').flatMap(({ digests }) => digests);
  }

  private handlers(): StorageHandlers {
    return {
      ProbeUpstream: (_call, done) => done(toGrpcFailure(new LayoverError('INTERNAL'))),
      StatBlobs: this.unary('StatBlobs', ({ digests }) => ({
        blobs: digests.map((digest) => ({
          digest,
          size: this.blobs.get(digest) ?? -1,
          inUse: this.inUse.has(digest),
        })),
      })),
      DeleteBlobs: this.unary('DeleteBlobs', ({ digests }) => ({
        blobs: digests.map((digest) => ({ digest, outcome: this.delete(digest) })),
      })),
      ListBlobs: this.unary('ListBlobs', ({ after, limit }) => {
        const size = Math.min(limit > 0 ? limit : 1000, this.switches.pageSize);
        const rest = [...this.blobs].filter(([digest]) => digest > after).sort(([a], [b]) => (a < b ? -1 : 1));
        return {
          blobs: rest.slice(0, size).map(([digest, bytes]) => ({ digest, size: bytes })),
          more: rest.length > size,
        };
      }),
      StatJournal: (_call, done) => done(null, this.journal),
      VerifyBlobs: (call) => {
        const { digests, quarantine } = call.request;
        this.recordCall('VerifyBlobs', digests)
          .then(async () => {
            for (const digest of digests) {
              const outcome = this.verify(digest);
              const size = outcome === 'MISSING' || outcome === 'UNREADABLE' ? 0 : (this.blobs.get(digest) ?? 0);
              if (outcome === 'DAMAGED' && quarantine) {
                this.blobs.delete(digest);
                this.quarantined.add(digest);
              }
              call.write({ digest, outcome, size });
            }
            await this.switches.after('VerifyBlobs', digests);
            call.end();
          })
          .catch((error: unknown) => call.emit('error', error));
      },
    };
  }

  private delete(digest: string): 'DELETED' | 'ABSENT' | 'IN_USE' | 'FAILED' {
    if (this.inUse.has(digest)) return 'IN_USE';
    if (this.failing.has(digest)) return 'FAILED';
    return this.blobs.delete(digest) ? 'DELETED' : 'ABSENT';
  }

  private verify(digest: string): 'WHOLE' | 'MISSING' | 'DAMAGED' | 'UNREADABLE' {
    if (this.failing.has(digest)) return 'UNREADABLE';
    if (!this.blobs.has(digest)) return 'MISSING';
    return this.damaged.has(digest) ? 'DAMAGED' : 'WHOLE';
  }

  private unary<Request extends { digests: string[] } | { after: string }, Reply>(
    method: StorageMethod,
    work: (request: Request) => Reply,
  ) {
    return (call: ServerUnaryCall<Request, Reply>, done: sendUnaryData<Reply>): void => {
      const digests = 'digests' in call.request ? call.request.digests : [call.request.after];
      this.recordCall(method, digests)
        .then(() => work(call.request))
        .then(async (reply) => {
          await this.switches.after(method, digests);
          done(null, reply);
        })
        .catch((error: unknown) => done(error as Error));
    };
  }

  private async recordCall(method: StorageMethod, digests: readonly string[]): Promise<void> {
    this.calls.push({ method, digests });
    await this.switches.before(method, digests);
    const { failWith } = this.switches;
    if (failWith !== undefined) throw Object.assign(new Error('the test makes this call fail'), { code: failWith });
  }
}
