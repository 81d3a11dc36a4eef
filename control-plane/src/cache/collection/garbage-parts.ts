import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { ContentStores } from '../content/content-stores';
import type { ContentKeeper } from '../../data-planes/content-keeper';
import type { Database } from '../../db/database';

/** What the steps of collection work with. */
export interface GarbageParts {
  readonly database: Database;
  readonly stores: ContentStores;
  readonly keeper: ContentKeeper;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long bytes stay that nobody holds any more, in milliseconds. */
  readonly graceMs: number;
  /** Told of every round of collection that ended well. */
  readonly onRound?: (collected: Readonly<Collected>, seconds: number) => void;
}

/** What a collection took away. */
export interface Collected {
  blobs: number;
  manifests: number;
  /** Bytes of the store. */
  bytes: bigint;
}
