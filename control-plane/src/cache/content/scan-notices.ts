import type { Queries } from '../../db/database';
import type { NewReference } from './manifest.store';

/** A manifest that is kept from now on. */
export interface KeptManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly references: readonly NewReference[];
}

/** What the cache tells scanning, in the transaction that changes what is cached (ADR 19). */
export interface ScanNotices {
  /** A manifest is kept from now on; `now` is in milliseconds since the epoch, here and below. */
  admitted(queries: Queries, manifest: KeptManifest, now: number): Promise<void>;
  /** Blobs with these digests are in the store. */
  arrived(queries: Queries, digests: readonly string[], now: number): Promise<void>;
  /** Manifests with these digests were removed from a repository; another one may still hold them. */
  removed(queries: Queries, digests: readonly string[], now: number): Promise<void>;
}
