import type { Flag } from './tables';

/** The scan of an image manifest, independent of its holders, and its place in the queue. */
export interface ScanRow {
  readonly digest: string;
  /** WAITING_FOR_LAYERS, QUEUED, INDEXING, COMPLETED, FAILED or UNSUPPORTED. */
  readonly state: string;
  /** Pending work: INDEX, or REFRESH (read the report again); null if there is none. */
  readonly work: string | null;
  /** When the work may be claimed. While it is claimed, when the claim ends. */
  readonly due_at: number | null;
  /** The id of the claim; null if the work is not claimed. */
  readonly worker: string | null;
  /** Attempts to index since the manifest was queued. */
  readonly attempts: number;
  /** 1: Clair's index report is deleted before the manifest is indexed. */
  readonly delete_first: Flag;
  readonly queued_at: number | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  /** When the report behind the counts was last read; null if there is no result. */
  readonly reported_at: number | null;
  /** The index_state of Clair that produced the result. */
  readonly indexer_state: string | null;
  /** The index_state of Clair at the end of the last indexing, successful or not. */
  readonly tried_state: string | null;
  /** Why the scan failed, or what it waits for. */
  readonly error: string | null;
  /** sha256 of the findings. A report with the same findings writes nothing. */
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
  /** Starts at 0 with the most severe finding. */
  readonly position: number;
  /** The name of the vulnerability, from Clair's updater. */
  readonly vulnerability: string;
  /** Hash of the {@link AdvisoryRow} that describes it. */
  readonly advisory: string;
  /** 0 (UNKNOWN) to 5 (CRITICAL). */
  readonly severity: number;
  readonly fixable: Flag;
  readonly package_name: string;
  readonly package_version: string;
  readonly fixed_in: string | null;
  /** Digest of the layer. */
  readonly introduced_in: string | null;
  readonly distribution: string | null;
}

/** The long texts about vulnerabilities, stored once for all images. */
export interface AdvisoryRow {
  /** sha256 of the other fields, hex. */
  readonly hash: string;
  readonly description: string;
  /** JSON array. */
  readonly links: string;
  /** When a report with this text was last stored. */
  readonly used_at: number;
}

/** When this Layover first saw a vulnerability in any image. */
export interface KnownVulnerabilityRow {
  readonly name: string;
  readonly first_seen_at: number;
}

/** A manifest that no origin holds any more and whose report in Clair will be deleted. */
export interface ScanDeletionRow {
  readonly digest: string;
  readonly attempts: number;
  readonly due_at: number;
}

/** A notification of Clair's notifier that is not read yet. */
export interface ScanNotificationRow {
  /** A UUID. */
  readonly id: string;
  readonly attempts: number;
  readonly due_at: number;
}
