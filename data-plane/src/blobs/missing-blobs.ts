import { LRUCache } from 'lru-cache';
import { isLayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { RepositoryKey } from '../access/repository-key';
import type { PullJournal } from '../journal/pull-journal';

/** How long a reported blob is not reported again, in milliseconds. */
const REPEAT_MS = 60_000;
const MAX_REMEMBERED = 10_000;

/**
 * Reports blobs that an upstream does not have to the control plane, so that no room stays reserved
 * for them (docs/design/bounds.md#reservations). A blob is reported once a minute at most.
 */
export class MissingBlobs {
  /** When each blob was reported last, as Clock.steady. */
  private readonly reported = new LRUCache<string, number>({ max: MAX_REMEMBERED });

  /** `written` is called after each report, so that it is delivered immediately. */
  constructor(
    private readonly journal: Pick<PullJournal, 'append'>,
    private readonly clock: Clock,
    private readonly written: () => void,
  ) {}

  /**
   * Reports the blob if `error` means that the upstream answered 404 or 410 for it. Never throws
   * and never waits.
   */
  failed({ organizationUid, originVersion }: RepositoryKey, digest: Digest, error: unknown): void {
    if (!isMissing(error)) return;
    const key = `${originVersion} ${digest}`;
    const now = this.clock.steady();
    if (now - (this.reported.get(key) ?? -Infinity) < REPEAT_MS) return;
    this.reported.set(key, now);
    const blob = { organizationUid, missingDigest: digest, missingOriginVersion: originVersion };
    // The journal logs what it drops. Without the report, the reservation ends after 15 minutes.
    this.journal.append({ blob }).then(this.written, () => undefined);
  }
}

function isMissing(error: unknown): boolean {
  if (!isLayoverError(error)) return false;
  const isGone = error.upstreamStatus === 404 || error.upstreamStatus === 410;
  return isGone && (error.key === 'BLOB_UNKNOWN' || error.key === 'NAME_UNKNOWN');
}
