import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { ScannedStores } from '../queue/scan-queue';
import type { Database } from '../../db/database';
import type { TokenKeyStore } from '../../tenancy/tokens/token-key.store';
import type { ClairClient } from '../clair/clair-client';
import type { ScanConfig } from '../clair/scan-config';

/** Dependencies of the steps of a scan. */
export interface ScanParts {
  readonly database: Database;
  readonly stores: ScannedStores & { readonly tokenKeys: TokenKeyStore };
  readonly clair: ClairClient;
  readonly config: ScanConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns a number from 0 (inclusive) to 1 (exclusive), to spread work over time. */
  readonly random: () => number;
}
