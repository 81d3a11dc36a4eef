import type { Clock } from '../../../../common/runtime/clock';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Database } from '../../db/database';
import type { Checked } from './checked';
import type { Progress } from '../report/progress';
import type { Report } from '../report/report';
import type { StoreCopies } from './store-copies';

/** What fsck is told to do. */
export interface FsckOptions {
  /** Put right what is wrong; otherwise nothing is changed anywhere. */
  readonly repair: boolean;
  /** Do not read stored content: what is damaged is not found. */
  readonly quick: boolean;
}

/** What the checks work with. */
export interface FsckParts {
  readonly database: Database;
  readonly stores: ContentStores;
  readonly copies: StoreCopies;
  readonly clock: Clock;
  readonly options: FsckOptions;
  readonly report: Report;
  readonly progress: Progress;
  /** What has been checked so far. */
  readonly checked: Checked;
  /** Aborts when fsck is to stop; every check throws its reason soon after. */
  readonly signal: AbortSignal;
}
