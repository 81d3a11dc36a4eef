import type { Clock } from '../../../common/runtime/clock';
import type { RefusalSum } from '../../../proto/gen/layover/v1/RefusalSum';
import type { FailedLogin } from '../access/robot-logins';
import { type AnsweredPull, toPullRecord } from './pull-event';
import type { NewRecord, PullJournal } from './pull-journal';

/** A refusal, with what it has in common with others. */
interface Refusal {
  readonly kind: 'PULL' | 'LOGIN';
  readonly organization: { readonly uid: string; readonly name: string };
  readonly clientAddress: string;
  readonly robot: string;
  readonly code: string;
  readonly httpStatus: number;
  /** Why a login with a correct secret was refused; otherwise empty. */
  readonly reason: string;
  /** The requested reference; empty for a login. */
  readonly reference: string;
  readonly userAgent: string;
  readonly requestId: string;
}

interface SumOfError extends Pick<Refusal, 'code' | 'httpStatus'> {
  readonly reason?: string;
  count: number;
}

interface Sum {
  /** The first refusal that was counted. */
  first: Refusal;
  readonly isOverflow: boolean;
  /** Refusals of this minute that were recorded one by one. */
  recorded: number;
  count: number;
  firstAt: number;
  lastAt: number;
  readonly errors: Map<string, SumOfError>;
  readonly references: Set<string>;
}

/** How long refusals are combined, in milliseconds. A crash loses at most that much. */
const WINDOW_MS = 60_000;
/**
 * Refusals of one client that are recorded one by one in a minute, before others are combined.
 * Clients that ask without a token first cause one with each pull from a private organization.
 */
const MAX_RECORDED_OF_CLIENT = 10;
/** The same for all clients together. */
const MAX_RECORDED = 100;
/**
 * Maximum number of sums in a minute. The refusals of further clients share one per organization.
 */
const MAX_SUMS = 1_000;
const MAX_ERRORS = 16;
const MAX_REFERENCES = 5;
const MAX_TEXT = 255;

/**
 * Combines what strangers can cause without limit: anonymous manifest requests that fail, and
 * failed logins (docs/design/records.md#combined-refusals). The first refusals of a client in a
 * minute are recorded one by one, so that a mistake is visible at once. The others are counted in
 * memory per client, organization and minute, and one record for each sum is written at the end of
 * the minute. The number of sums and their size are bounded.
 */
export class RefusalSums {
  private sums = new Map<string, Sum>();
  private recorded = 0;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly journal: Pick<PullJournal, 'append'>,
    private readonly clock: Clock,
  ) {}

  /**
   * Records a pull that failed. Resolves when its record is on disk or dropped, or at once if it
   * was added to a sum. Pulls with credentials are never combined, and neither is the end of a
   * cached tag, because the control plane applies it (`endsTag`).
   */
  async pullRefused(pull: AnsweredPull, endsTag: boolean): Promise<void> {
    const { outcome } = pull;
    const record = toPullRecord(pull);
    if (outcome.kind === 'failed' && pull.actor === 'anonymous' && !endsTag) {
      const event = record.pull!;
      const separator = pull.reference.includes(':') ? '@' : ':';
      const { code, http } = outcome.error.entry;
      const refusal: Refusal = {
        kind: 'PULL',
        organization: { uid: event.organizationUid ?? '', name: event.organization ?? '' },
        clientAddress: event.clientAddress ?? '',
        robot: '',
        code,
        httpStatus: http,
        reason: '',
        reference: `${pull.organizationName}/${pull.repository}${separator}${pull.reference}`.slice(0, MAX_TEXT),
        userAgent: event.userAgent ?? '',
        requestId: event.requestId ?? '',
      };
      if (this.isCombined(refusal)) return;
    }
    await this.journal.append(record);
  }

  /** Records a failed login, at once or in a sum. Never throws. */
  loginFailed({ sender, organization, robot, ended, error }: FailedLogin): void {
    const refusal: Refusal = {
      kind: 'LOGIN',
      organization: organization ?? { uid: '', name: '' },
      clientAddress: sender.clientAddress,
      robot,
      code: error.entry.code,
      httpStatus: error.entry.http,
      reason: ended ?? '',
      reference: '',
      userAgent: sender.userAgent,
      requestId: sender.requestId,
    };
    if (this.isCombined(refusal)) return;
    const alone = newSum(refusal, false);
    add(alone, refusal, this.clock.now());
    void this.journal.append(toRecord(alone));
  }

  /** Writes all sums that were not written yet. */
  async settle(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const sums = [...this.sums.values()];
    this.sums = new Map();
    this.recorded = 0;
    await Promise.all(sums.filter(({ count }) => count > 0).map((sum) => this.journal.append(toRecord(sum))));
  }

  /** Adds a refusal to its sum and returns true, or returns false if it is recorded on its own. */
  private isCombined(refusal: Refusal): boolean {
    this.cancelTimer ??= this.clock.after(WINDOW_MS, () => void this.settle());
    const sum = this.sumOf(refusal);
    if (!sum.isOverflow && sum.recorded < MAX_RECORDED_OF_CLIENT && this.recorded < MAX_RECORDED) {
      sum.recorded += 1;
      this.recorded += 1;
      return false;
    }
    add(sum, refusal, this.clock.now());
    return true;
  }

  private sumOf(refusal: Refusal): Sum {
    const { kind, organization, clientAddress, robot } = refusal;
    const key = `${kind}\n${organization.uid}\n${clientAddress}\n${robot}`;
    const known = this.sums.get(key);
    if (known !== undefined) return known;
    const isOverflow = this.sums.size >= MAX_SUMS;
    const place = isOverflow ? `${kind}\n${organization.uid}` : key;
    let sum = this.sums.get(place);
    if (sum === undefined) {
      sum = newSum(refusal, isOverflow);
      this.sums.set(place, sum);
    }
    return sum;
  }
}

function newSum(first: Refusal, isOverflow: boolean): Sum {
  return {
    first,
    isOverflow,
    recorded: 0,
    count: 0,
    firstAt: 0,
    lastAt: 0,
    errors: new Map(),
    references: new Set(),
  };
}

function add(sum: Sum, refusal: Refusal, now: number): void {
  const { code, httpStatus, reason, reference } = refusal;
  if (sum.count === 0) {
    sum.first = refusal;
    sum.firstAt = now;
  }
  sum.count += 1;
  sum.lastAt = now;
  const key = `${httpStatus} ${code} ${reason}`;
  const error = sum.errors.get(key);
  if (error !== undefined) error.count += 1;
  else if (sum.errors.size < MAX_ERRORS)
    sum.errors.set(key, { code, httpStatus, ...(reason === '' ? {} : { reason }), count: 1 });
  if (reference !== '' && sum.references.size < MAX_REFERENCES) sum.references.add(reference);
}

function toRecord({ first, isOverflow, count, firstAt, lastAt, errors, references }: Sum): NewRecord {
  const { kind, organization, clientAddress, robot, userAgent, requestId } = first;
  const refusals: RefusalSum = {
    kind,
    organizationUid: organization.uid,
    organization: organization.uid === '' && count > 1 ? '' : organization.name,
    clientAddress: isOverflow ? '' : clientAddress,
    otherClients: isOverflow,
    robot: isOverflow ? '' : robot,
    count,
    firstAt,
    lastAt,
    errors: [...errors.values()],
    references: [...references],
    userAgent: isOverflow ? '' : userAgent,
    requestId,
  };
  return { refusals };
}
