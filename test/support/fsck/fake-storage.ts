import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  status as Grpc,
} from '@grpc/grpc-js';
import { loadStorage } from '../../../common/grpc/load-proto';
import { digestOf } from '../../../common/oci/digest';
import type { DeleteBlobsReply } from '../../../proto/gen/layover/v1/DeleteBlobsReply';
import type { DeleteBlobsRequest__Output } from '../../../proto/gen/layover/v1/DeleteBlobsRequest';
import type { ListBlobsReply } from '../../../proto/gen/layover/v1/ListBlobsReply';
import type { ListBlobsRequest__Output } from '../../../proto/gen/layover/v1/ListBlobsRequest';
import type { StatBlobsReply } from '../../../proto/gen/layover/v1/StatBlobsReply';
import type { StatBlobsRequest__Output } from '../../../proto/gen/layover/v1/StatBlobsRequest';
import type { StatJournalReply } from '../../../proto/gen/layover/v1/StatJournalReply';
import type { VerifyBlobsReply } from '../../../proto/gen/layover/v1/VerifyBlobsReply';
import type { VerifyBlobsRequest__Output } from '../../../proto/gen/layover/v1/VerifyBlobsRequest';

/** A call of {@link FakeStorage}. */
export type StorageCall = 'stat' | 'delete' | 'list' | 'verify';

/** The gRPC service Storage of a data plane with a store in memory. Bytes are really hashed. */
export class FakeStorage {
  /** The stored content, valid or damaged, by digest. */
  readonly contents = new Map<string, Buffer>();
  /** Quarantined content, by digest. */
  readonly aside = new Map<string, Buffer>();
  /** Digests in use. */
  readonly inUse = new Set<string>();
  /** Digests that cannot be read. */
  readonly unreadable = new Set<string>();
  /** The calls so far. */
  readonly calls: StorageCall[] = [];
  /** Number of verified digests. */
  verified = 0;
  /**
   * Runs before a call is answered, and before each digest that is verified. A rejection fails the
   * call as UNAVAILABLE.
   */
  before: (call: StorageCall, digests: readonly string[]) => Promise<void> | void = () => undefined;
  /** Maximum number of blobs in a page. */
  pageSize = 1000;
  /** The state of the journal; undefined: the data plane is of a version that does not tell it. */
  journal: StatJournalReply | undefined = {};
  address = '';
  private readonly server = new Server();
  private lastSorted: readonly string[] = [];

  /** Listens on a free loopback port, or on the previous port. */
  async start(): Promise<void> {
    this.server.addService(loadStorage().service, {
      StatBlobs: this.unary('stat', ({ digests }: StatBlobsRequest__Output): StatBlobsReply => ({
        blobs: digests.map((digest) => ({
          digest,
          size: this.contents.get(digest)?.length ?? -1,
          inUse: this.inUse.has(digest),
        })),
      })),
      DeleteBlobs: this.unary('delete', ({ digests }: DeleteBlobsRequest__Output): DeleteBlobsReply => ({
        blobs: digests.map((digest) => ({
          digest,
          outcome: this.inUse.has(digest) ? 'IN_USE' : this.contents.delete(digest) ? 'DELETED' : 'ABSENT',
        })),
      })),
      ListBlobs: this.unary('list', ({ after, limit }: ListBlobsRequest__Output): ListBlobsReply => {
        const digests = this.sorted().filter((digest) => digest > after);
        const page = digests.slice(0, Math.min(limit === 0 ? 1000 : limit, this.pageSize));
        return {
          blobs: page.map((digest) => ({ digest, size: this.contents.get(digest)!.length })),
          more: page.length < digests.length,
        };
      }),
      StatJournal: ((_call, done) => {
        if (this.journal === undefined) done({ code: Grpc.UNIMPLEMENTED });
        else done(null, this.journal);
      }) satisfies handleUnaryCall<object, StatJournalReply>,
      VerifyBlobs: ((call) => {
        this.calls.push('verify');
        let isOver = false;
        call.on('cancelled', () => (isOver = true));
        void (async () => {
          for (const digest of call.request.digests) {
            await this.before('verify', [digest]);
            if (isOver) return;
            call.write(this.verify(digest, call.request.quarantine));
          }
          call.end();
        })().catch((error: Error) => call.emit('error', { code: Grpc.UNAVAILABLE, details: error.message }));
      }) satisfies handleServerStreamingCall<VerifyBlobsRequest__Output, VerifyBlobsReply>,
    });
    const port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync(this.address || '127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    this.address = `127.0.0.1:${port}`;
  }

  /** Stores the bytes of a text. Returns their digest. */
  put(text: string): string {
    const content = Buffer.from(text);
    const digest = digestOf(content);
    this.contents.set(digest, content);
    return digest;
  }

  /** Replaces stored bytes with different bytes of the same size. */
  damage(digest: string): void {
    const content = Buffer.from(this.contents.get(digest)!);
    content[0] = content[0]! ^ 1;
    this.contents.set(digest, content);
  }

  stop(): void {
    this.server.forceShutdown();
  }

  /** Sorts only after a change, because a test may store a hundred thousand blobs. */
  private sorted(): readonly string[] {
    const isSame =
      this.lastSorted.length === this.contents.size && this.lastSorted.every((key) => this.contents.has(key));
    if (!isSame) this.lastSorted = [...this.contents.keys()].sort();
    return this.lastSorted;
  }

  private verify(digest: string, quarantine: boolean): VerifyBlobsReply {
    this.verified += 1;
    const content = this.contents.get(digest);
    if (this.unreadable.has(digest)) return { digest, outcome: 'UNREADABLE', size: 0 };
    if (content === undefined) return { digest, outcome: 'MISSING', size: 0 };
    if (digestOf(content) === digest) return { digest, outcome: 'WHOLE', size: content.length };
    if (quarantine) {
      this.aside.set(digest, content);
      this.contents.delete(digest);
    }
    return { digest, outcome: 'DAMAGED', size: content.length };
  }

  private unary<Request extends object, Reply>(
    name: StorageCall,
    answer: (request: Request) => Reply,
  ): handleUnaryCall<Request, Reply> {
    return (call, done) => {
      this.calls.push(name);
      void Promise.resolve()
        .then(() => this.before(name, 'digests' in call.request ? (call.request.digests as readonly string[]) : []))
        .then(() => answer(call.request))
        .then(
          (reply) => done(null, reply),
          (error: Error) => done({ code: Grpc.UNAVAILABLE, details: error.message }),
        );
    };
  }
}

/** Starts a fake storage on a free port. Call `stop` at the end. */
export async function startFakeStorage(): Promise<FakeStorage> {
  const storage = new FakeStorage();
  await storage.start();
  return storage;
}
