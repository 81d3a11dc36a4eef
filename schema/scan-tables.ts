import type { Flag } from './tables';

/** The scan of an image manifest, whoever holds it, and its place in the queue. */
export interface ScanRow {
  readonly digest: string;
  /** WAITING_FOR_LAYERS, QUEUED, INDEXING, COMPLETED, FAILED or UNSUPPORTED. */
  readonly state: string;
  /** What is to be done: INDEX, or REFRESH (read the report again); null = nothing. */
  readonly work: string | null;
  /** From when on it may be claimed; of a row that is worked on, when the claim lapses. */
  readonly due_at: number | null;
  /** The claim under which it is worked on; null = none. */
  readonly worker: string | null;
  /** Tries at indexing since it was queued. */
  readonly attempts: number;
  /** 1: what Clair has of it is deleted before it is indexed. */
  readonly delete_first: Flag;
  readonly queued_at: number | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  /** When the report that the counts are of was last read; null = there is no result. */
  readonly reported_at: number | null;
  /** Clair's index_state that the result was made with. */
  readonly indexer_state: string | null;
  /** The index_state under which indexing last ended, well or badly. */
  readonly tried_state: string | null;
  /** Why it failed, or what it waits for. */
  readonly error: string | null;
  /** sha256 of what was found: a report that says the same writes nothing. */
  readonly report_hash: string | null;
  readonly total: number;
  readonly fixable: number;
  readonly critical: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly negligible: number;
  readonly unknown: number;
}

/** A vulnerability of a package in an image. */
export interface ScanFindingRow {
  readonly digest: string;
  /** From 0, the worst first. */
  readonly position: number;
  /** Its name, as Clair's updater gives it. */
  readonly vulnerability: string;
  /** Of the {@link AdvisoryRow} that describes it. */
  readonly advisory: string;
  /** 0 (UNKNOWN) to 5 (CRITICAL). */
  readonly severity: number;
  readonly fixable: Flag;
  readonly package_name: string;
  readonly package_version: string;
  readonly fixed_in: string | null;
  /** The layer. */
  readonly introduced_in: string | null;
  readonly distribution: string | null;
}

/** What is said of vulnerabilities at length, once for all images. */
export interface AdvisoryRow {
  /** sha256 of the rest, hex. */
  readonly hash: string;
  readonly description: string;
  /** JSON array. */
  readonly links: string;
  /** When a report that says so was last stored. */
  readonly used_at: number;
}

/** When this Layover first saw a vulnerability in any image. */
export interface KnownVulnerabilityRow {
  readonly name: string;
  readonly first_seen_at: number;
}

/** A manifest that nobody holds any more, of which Clair's report is to be deleted. */
export interface ScanDeletionRow {
  readonly digest: string;
  readonly attempts: number;
  readonly due_at: number;
}

/** A notification of Clair's notifier that is to be read. */
export interface ScanNotificationRow {
  /** A uuid. */
  readonly id: string;
  readonly attempts: number;
  readonly due_at: number;
}
