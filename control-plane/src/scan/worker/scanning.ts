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

/** Dependencies of {@link Scanning}. */
export interface ScanningParts {
  readonly database: Database;
  readonly stores: ScannedStores & { readonly tokenKeys: TokenKeyStore };
  readonly config: ScanConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns a number from 0 (inclusive) to 1 (exclusive). The default is Math.random. */
  readonly random?: () => number;
}

/** The scanning part of a control plane with LAYOVER_CLAIR_URL. */
export class Scanning {
  readonly worker: ScanWorker;
  readonly chores: ScanChores;
  private readonly parts: ScanParts;

  constructor({ random = Math.random, ...parts }: ScanningParts) {
    this.parts = { ...parts, random, clair: new ClairClient(parts.config, parts.clock) };
    this.worker = new ScanWorker(this.parts);
    this.chores = new ScanChores(this.parts, this.worker);
  }

  /** Starts scanning. Returns a function that stops it and ends the claims of running scans. */
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
