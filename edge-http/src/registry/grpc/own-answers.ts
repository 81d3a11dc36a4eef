import type { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { EdgeAnswer } from '../../../../proto/gen/layover/v1/EdgeAnswer';
import type { GetManifestRequest } from '../../../../proto/gen/layover/v1/GetManifestRequest';

/** How long answers are combined, in milliseconds. */
const WINDOW_MS = 60_000;
/** Answers in a minute that are recorded one by one: of one client, and of all together. */
const MAX_RECORDED = {
  /** Requests without credentials, as in the data plane (ADR 35). */
  anonymous: { client: 10, total: 100 },
  /** Requests with credentials, which an edge cannot check. */
  claimed: { client: 100, total: 1_000 },
} as const;
/** Maximum number of answers that wait for a data plane. */
const MAX_WAITING = 1_000;
/**
 * Numbers of sums: of one client and owner up to the first one, then of one owner up to the second
 * one. All further answers share one sum for each error.
 */
const MAX_SUMS = [200, 400] as const;
/** Maximum number of answers in one message: 100 KiB with the longest texts (MAX_BATCHED_CALLS). */
const MAX_REPORTED = 16;
const MAX_TOKEN = 4096;
const MAX_MESSAGE = 256;

interface Waiting {
  readonly answer: EdgeAnswer;
  firstAt: number;
  lastAt: number;
  /** Number of requests; 0 for one that is recorded on its own. */
  count: number;
}

/**
 * The answers that an edge gave by itself and that no data plane has recorded yet
 * (docs/design/records.md#answers-of-the-edge). Clients decide how many there are, so their number
 * is bounded: what exceeds the bounds is counted in sums, by client, owner and error.
 */
export class OwnAnswers {
  /** Oldest first. */
  private waiting: Waiting[] = [];
  private sums = new Map<string, Waiting>();
  /** Number of answers of this minute that were recorded one by one, by client. */
  private recorded = new Map<string, number>();
  private windowEndsAt = 0;
  private reported = 0;

  constructor(
    private readonly clock: Clock,
    private readonly nextRecordId: () => string,
  ) {}

  /** Number of requests whose answers wait. */
  get size(): number {
    const add = (sum: number, { count }: Waiting): number => sum + Math.max(count, 1);
    return [...this.sums.values()].reduce(add, this.waiting.reduce(add, 0));
  }

  /** Adds an answer. `request` has the identity of the record and the number of the attempt. */
  add(request: GetManifestRequest, error: LayoverError): void {
    const now = this.clock.steady();
    const client = request.context?.clientAddress ?? '';
    if (this.isRecordedAlone(client, (request.context?.authorization ?? '') !== '', now)) {
      this.waiting.push({ answer: answerOf(request, error), firstAt: now, lastAt: now, count: 0 });
      return;
    }
    const sum = this.sumFor(request, client, error, now);
    sum.count += 1;
    sum.lastAt = now;
  }

  /**
   * Returns the oldest answers for one report, until `reportedOk` is called. Sums are returned
   * after a minute, or with `all` at once.
   */
  next(all: boolean): readonly EdgeAnswer[] {
    const now = this.clock.steady();
    for (const [key, sum] of this.sums) {
      if (!all && now - sum.firstAt < WINDOW_MS) continue;
      // It goes on counting meanwhile.
      if (this.waiting.length >= MAX_WAITING) break;
      this.sums.delete(key);
      this.waiting.push(sum);
    }
    const batch = this.waiting.slice(0, MAX_REPORTED);
    this.reported = batch.length;
    return batch.map(({ answer, firstAt, lastAt, count }) => {
      const age = { ageMs: Math.max(0, now - lastAt) };
      return count === 0 ? { ...answer, ...age } : { ...answer, ...age, count, firstAgeMs: Math.max(0, now - firstAt) };
    });
  }

  /** Forgets the answers of the last `next`. */
  reportedOk(): void {
    this.waiting.splice(0, this.reported);
    this.reported = 0;
  }

  private isRecordedAlone(client: string, isClaimed: boolean, now: number): boolean {
    if (now >= this.windowEndsAt || now < this.windowEndsAt - WINDOW_MS) {
      this.recorded = new Map();
      this.windowEndsAt = now + WINDOW_MS;
    }
    if (this.waiting.length >= MAX_WAITING) return false;
    const kind = isClaimed ? 'claimed' : 'anonymous';
    const ofClient = `${kind} ${client}`;
    const alone = this.recorded.get(ofClient) ?? 0;
    const total = this.recorded.get(kind) ?? 0;
    if (alone >= MAX_RECORDED[kind].client || total >= MAX_RECORDED[kind].total) return false;
    this.recorded.set(ofClient, alone + 1);
    this.recorded.set(kind, total + 1);
    return true;
  }

  private sumFor(request: GetManifestRequest, client: string, error: LayoverError, now: number): Waiting {
    const { context, address, ...asked } = request;
    const owner = JSON.stringify([address?.organization, address?.mirrorHost, address?.hostOrganization]);
    const keys = [`${error.key} ${owner} ${client}`, `${error.key} ${owner}`, error.key];
    const level = keys.findIndex((key, i) => this.sums.has(key) || this.sums.size < (MAX_SUMS[i] ?? Infinity));
    const key = keys[level]!;
    const known = this.sums.get(key);
    if (known !== undefined) return known;
    const sum: Waiting = {
      answer: {
        // Nobody checked the credentials, and requests with different ones share the sum.
        ...answerOf(
          {
            ...asked,
            ...(level < 2 ? { address } : {}),
            context: { ...context, authorization: '', recordId: this.nextRecordId() },
          },
          error,
        ),
        otherClients: level > 0,
      },
      firstAt: now,
      lastAt: now,
      count: 0,
    };
    this.sums.set(key, sum);
    return sum;
  }
}

function answerOf({ context, ...request }: GetManifestRequest, error: LayoverError): EdgeAnswer {
  const { authorization = '' } = context ?? {};
  const isToken = /^bearer /i.test(authorization) && authorization.length <= MAX_TOKEN;
  return {
    // Secrets of robots are not kept; a token is valid for minutes. Nor are the headers that only
    // matter to an answer with a manifest, because a client decides how long they are.
    request: {
      ...request,
      accept: [],
      ifNoneMatch: '',
      context: { ...context, authorization: isToken ? authorization : '' },
    },
    error: error.key,
    message: error.message.slice(0, MAX_MESSAGE),
  };
}
