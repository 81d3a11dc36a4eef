import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { ScannedStores } from '../queue/scan-queue';
import type { Database } from '../../db/database';
import type { TokenKeyStore } from '../../tenancy/tokens/token-key.store';
import { ClairClient } from '../clair/clair-client';
import type { ScanConfig } from '../clair/scan-config';
import { ScanChores } from './scan-chores';
import type { ScanParts } from './scan-parts';
import { ScanWorker } from './scan-worker';

/** What scanning is made of. */
export interface ScanningParts {
  readonly database: Database;
  readonly stores: ScannedStores & { readonly tokenKeys: TokenKeyStore };
  readonly config: ScanConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 to less than 1; Math.random unless a test says otherwise. */
  readonly random?: () => number;
}

/** Everything of a control plane that scans: one where LAYOVER_CLAIR_URL names a Clair. */
export class Scanning {
  readonly worker: ScanWorker;
  readonly chores: ScanChores;
  private readonly parts: ScanParts;

  constructor({ random = Math.random, ...parts }: ScanningParts) {
    this.parts = { ...parts, random, clair: new ClairClient(parts.config, parts.clock) };
    this.worker = new ScanWorker(this.parts);
    this.chores = new ScanChores(this.parts, this.worker);
  }

  /** Begins. The function returned ends it, and gives back what runs. */
  start(): () => Promise<void> {
    const stopWorker = this.worker.start();
    const stopChores = this.chores.start();
    return async () => {
      await stopChores();
      await stopWorker();
      this.parts.clair.close();
    };
  }
}
