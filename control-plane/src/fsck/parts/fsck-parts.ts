import type { Clock } from '../../../../common/runtime/clock';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Database } from '../../db/database';
import type { Checked } from './checked';
import type { FsckProgress } from '../report/progress';
import type { FsckReport } from '../report/report';
import type { StoreCopies } from './store-copies';

/** The options of fsck. */
export interface FsckOptions {
  /** Whether to repair problems; otherwise nothing is changed. */
  readonly repair: boolean;
  /** Whether to skip reading stored content; then damaged bytes are not found. */
  readonly quick: boolean;
}

/** Dependencies of the checks. */
export interface FsckParts {
  readonly database: Database;
  readonly stores: ContentStores;
  readonly copies: StoreCopies;
  readonly clock: Clock;
  readonly options: FsckOptions;
  readonly report: FsckReport;
  readonly progress: FsckProgress;
  /** What has been checked so far. */
  readonly checked: Checked;
  /** Aborts when fsck has to stop. Every check throws its reason soon after. */
  readonly signal: AbortSignal;
}
