import type { status } from '@grpc/grpc-js';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import { loadStorage } from '../../../common/grpc/load-proto';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { StorageHandlers } from '../../../proto/gen/layover/v1/Storage';

/** Methods of Storage that the fake answers. */
export type StorageMethod = 'StatBlobs' | 'DeleteBlobs' | 'ListBlobs' | 'VerifyBlobs';

/** One call that arrived, in order. */
export interface FakeStorageCall {
  readonly method: StorageMethod;
  /** As asked; of ListBlobs the digest after which the page begins. */
  readonly digests: readonly string[];
}

/** Ways in which the fake misbehaves; all of them may be changed while it runs. */
export interface FakeStorageSwitches {
  /** Every call fails with this status. */
  failWith: status | undefined;
  /** Awaited before a call is worked out: what a test does here happens before the store is looked at. */
  before: (method: StorageMethod, digests: readonly string[]) => void | Promise<void>;
  /** Awaited when a call was worked out, before its answer is sent. */
  after: (method: StorageMethod, digests: readonly string[]) => void | Promise<void>;
  /** Size of a page of ListBlobs at most. */
  pageSize: number;
}

/** The store of a data plane, in memory behind a real gRPC server. Content outlives stop() and start(), as a disk would. */
export class FakeStorage {
  readonly switches: FakeStorageSwitches = {
    failWith: undefined,
    before: () => undefined,
    after: () => undefined,
    pageSize: 1000,
  };
  /** Every call, oldest first. */
  readonly calls: FakeStorageCall[] = [];
  /** What is there: bytes by digest. */
  readonly blobs = new Map<string, number>();
  /** What is read or filled, whether it is there or not. */
  readonly inUse = new Set<string>();
  /** What cannot be deleted or read through. */
  readonly failing = new Set<string>();
  /** What has other bytes than its digest says. */
  readonly damaged = new Set<string>();
  /** What was moved aside. */
  readonly quarantined = new Set<string>();
  private server: Server | undefined;

  private constructor(private bound: ListenAddress) {}

  /** Starts on a free port of 127.0.0.1, or where it is told to. */
  static async start(address: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }): Promise<FakeStorage> {
    const fake = new FakeStorage(address);
    await fake.start();
    return fake;
  }

  /** For LAYOVER_DATA_PLANES; the same after a restart. */
  get address(): string {
    return this.bound.kind === 'unix' ? `unix:${this.bound.path}` : `${this.bound.host}:${this.bound.port}`;
  }

  /** Starts again after stop(), at the same address. */
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

  /** Goes away at once, with every connection. */
  async stop(): Promise<void> {
    this.server?.forceShutdown();
    this.server = undefined;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Digests that deletions were asked for, in order. */
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
      VerifyBlobs: (call) => {
        const { digests, quarantine } = call.request;
        this.entered('VerifyBlobs', digests)
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
      this.entered(method, digests)
        .then(() => work(call.request))
        .then(async (reply) => {
          await this.switches.after(method, digests);
          done(null, reply);
        })
        .catch((error: unknown) => done(error as Error));
    };
  }

  private async entered(method: StorageMethod, digests: readonly string[]): Promise<void> {
    this.calls.push({ method, digests });
    await this.switches.before(method, digests);
    const { failWith } = this.switches;
    if (failWith !== undefined) throw Object.assign(new Error('told to fail'), { code: failWith });
  }
}
