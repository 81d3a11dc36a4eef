import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { ContentStores } from '../content/content-stores';
import type { ContentKeeper } from '../../data-planes/content-keeper';
import type { Database } from '../../db/database';

/** The dependencies of the collection steps. */
export interface GarbageParts {
  readonly database: Database;
  readonly stores: ContentStores;
  readonly keeper: ContentKeeper;
  readonly clock: Clock;
  readonly log: Logger;
  /** Time in milliseconds for which bytes without a holder are kept. */
  readonly graceMs: number;
  /** Returns whether anything may be deleted because of its age (ClockWatch). Default: always. */
  readonly isClockTrusted?: () => boolean;
  /** Called after each successful round of collection. */
  readonly onRound?: (collected: Readonly<Collected>, seconds: number) => void;
}

/** What a collection removed. */
export interface Collected {
  blobs: number;
  manifests: number;
  /** Bytes deleted from the store. */
  bytes: bigint;
  /** Blobs and manifests of the stores that had no row and got one. */
  unrecorded: number;
}
