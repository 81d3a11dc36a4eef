import { onAbort } from '../../../common/async/until-aborted';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { DeleteBlobsReply__Output } from '../../../proto/gen/layover/v1/DeleteBlobsReply';
import type { ListBlobsReply__Output } from '../../../proto/gen/layover/v1/ListBlobsReply';
import type { StatBlobsReply__Output } from '../../../proto/gen/layover/v1/StatBlobsReply';
import type { VerifyBlobsReply__Output } from '../../../proto/gen/layover/v1/VerifyBlobsReply';
import { chunks } from '../db/chunks';
import { ApiError } from '../errors/api-error';
import type { ContentKeeper, Deletion, KeptContent, ListedContent, Verification } from './content-keeper';
import { callDataPlane, type DataPlaneClient } from './data-plane-clients';
import type { DataPlaneDirectory } from './watched-data-planes';

/** Deadline of one call, in milliseconds. */
const CALL_MS = 30_000;
/** Time limit for reading one digest, in milliseconds. */
const VERIFY_MS = 600_000;
/** Digests in one call (storage.proto allows 1000). */
const BATCH = 500;

/** {@link ContentKeeper} over the gRPC service Storage. */
export class GrpcContentKeeper implements ContentKeeper {
  constructor(
    private readonly dataPlanes: DataPlaneDirectory,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  async stat(digests: readonly string[]): Promise<ReadonlyMap<string, KeptContent>> {
    const found = new Map<string, KeptContent>();
    for (const part of chunks(digests, BATCH)) {
      const replies = await this.callAll<StatBlobsReply__Output>('StatBlobs', (plane) =>
        callDataPlane(plane, this.clock, (done) =>
          plane.client.statBlobs({ digests: [...part] }, { deadline: Date.now() + CALL_MS }, done),
        ),
      );
      for (const { digest, size, inUse } of replies.flatMap(({ blobs }) => blobs)) {
        const before = found.get(digest);
        found.set(digest, {
          digest,
          size: size >= 0 ? size : before?.size,
          inUse: inUse || before?.inUse === true,
        });
      }
    }
    return found;
  }

  async delete(digests: readonly string[]): Promise<ReadonlyMap<string, Deletion>> {
    const found = new Map<string, Deletion>();
    for (const part of chunks(digests, BATCH)) {
      const replies = await this.callAll<DeleteBlobsReply__Output>('DeleteBlobs', (plane) =>
        callDataPlane(plane, this.clock, (done) =>
          plane.client.deleteBlobs({ digests: [...part] }, { deadline: Date.now() + CALL_MS }, done),
        ),
      );
      for (const { digest, outcome } of replies.flatMap(({ blobs }) => blobs))
        found.set(digest, worse(found.get(digest), outcome === 'DELETE_OUTCOME_UNSPECIFIED' ? 'FAILED' : outcome));
    }
    return found;
  }

  async *list(start = ''): AsyncGenerator<readonly ListedContent[], void, undefined> {
    for (let after = start; ;) {
      const replies = await this.callAll<ListBlobsReply__Output>('ListBlobs', (plane) =>
        callDataPlane(plane, this.clock, (done) =>
          plane.client.listBlobs({ after, limit: BATCH }, { deadline: Date.now() + CALL_MS }, done),
        ),
      );
      // Up to the end of the shortest page, the pages of all data planes are complete.
      const ends = replies.filter(({ more }) => more).map(({ blobs }) => blobs.at(-1)?.digest ?? '');
      const end = ends.length === 0 ? undefined : ends.reduce((a, b) => (a < b ? a : b));
      const page = new Map<string, ListedContent>();
      for (const { digest, size } of replies.flatMap(({ blobs }) => blobs))
        if (end === undefined || digest <= end) page.set(digest, { digest, size });
      yield [...page.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
      if (end === undefined || end <= after) return;
      after = end;
    }
  }

  async *verify(
    digests: readonly string[],
    quarantine: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<
    { readonly digest: string; readonly outcome: Verification; readonly size: number },
    void,
    undefined
  > {
    for (const part of chunks(digests, BATCH)) {
      const outcomes = new Map<string, { outcome: Verification; size: number }>();
      let answered = 0;
      for (const plane of this.dataPlanes.clients) {
        const left = part.filter((digest) => (outcomes.get(digest)?.outcome ?? 'MISSING') === 'MISSING');
        if (left.length === 0) break;
        try {
          for await (const reply of verifyOnPlane(plane, left, quarantine, signal)) {
            const outcome = reply.outcome === 'VERIFY_OUTCOME_UNSPECIFIED' ? 'UNREADABLE' : reply.outcome;
            outcomes.set(reply.digest, { outcome, size: reply.size });
            if (outcome !== 'MISSING') yield { digest: reply.digest, outcome, size: reply.size };
          }
          answered += 1;
        } catch (error) {
          signal?.throwIfAborted();
          this.log.warn({ dataPlane: plane.address, reason: (error as Error).message }, 'VerifyBlobs failed');
        }
      }
      if (answered === 0) throw this.noAnswer();
      for (const digest of part)
        if ((outcomes.get(digest)?.outcome ?? 'MISSING') === 'MISSING') yield { digest, outcome: 'MISSING', size: 0 };
    }
  }

  /**
   * Calls all data planes. Those that fail are logged and left out. Throws UNAVAILABLE if all fail.
   */
  private async callAll<Reply>(
    name: string,
    call: (plane: DataPlaneClient) => Promise<Reply>,
  ): Promise<readonly Reply[]> {
    const { clients } = this.dataPlanes;
    const results = await Promise.allSettled(clients.map(call));
    const replies = results.flatMap((result, index) => {
      if (result.status === 'fulfilled') return [result.value];
      const reason = (result.reason as Error).message;
      this.log.warn({ dataPlane: clients[index]!.address, reason }, `${name} failed`);
      return [];
    });
    if (replies.length === 0) throw this.noAnswer();
    return replies;
  }

  private noAnswer(): ApiError {
    return new ApiError(
      'UNAVAILABLE',
      `No data plane answered (${this.dataPlanes.clients.length} tried). Start a data plane or ` +
        'correct LAYOVER_DATA_PLANES, then try again.',
    );
  }
}

const SEVERITY: Readonly<Record<Deletion, number>> = { ABSENT: 0, DELETED: 1, IN_USE: 2, FAILED: 3 };

function worse(a: Deletion | undefined, b: Deletion): Deletion {
  return a === undefined || SEVERITY[b] > SEVERITY[a] ? b : a;
}

async function* verifyOnPlane(
  { client }: DataPlaneClient,
  digests: readonly string[],
  quarantine: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<VerifyBlobsReply__Output, void, undefined> {
  signal?.throwIfAborted();
  const deadline = Date.now() + VERIFY_MS * digests.length;
  const call = client.verifyBlobs({ digests: [...digests], quarantine }, { deadline });
  const stopListening = onAbort(signal, () => call.cancel());
  try {
    for await (const reply of call) yield reply as VerifyBlobsReply__Output;
  } finally {
    stopListening();
    // Leaving the loop does not tell the server (grpc/grpc-node issue 2385).
    call.cancel();
  }
}
