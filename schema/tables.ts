/**
 * The tables of the database. Every time is milliseconds since the epoch (UTC), every size is
 * bytes, booleans are 0 or 1, and JSON is text. SQLite and MySQL have the same rows;
 * schema/migrations creates the tables. The rows of organizations, proxy_configs, quotas and
 * scan_policies are not here: their types are derived from the definitions of the settings
 * (control-plane/src/tenancy/organizations/organization.rows.ts).
 */
export const Table = {
  organizations: 'organizations',
  proxyConfigs: 'proxy_configs',
  quotas: 'quotas',
  robots: 'robots',
  robotGrants: 'robot_grants',
  apiTokens: 'api_tokens',
  repositories: 'repositories',
  manifests: 'manifests',
  manifestReferences: 'manifest_references',
  blobs: 'blobs',
  blobProofs: 'blob_proofs',
  endedIdentities: 'ended_identities',
  tags: 'tags',
  originUsage: 'origin_usage',
  originHoldings: 'origin_holdings',
  repositoryHoldings: 'repository_holdings',
  contentUses: 'content_uses',
  invalidations: 'invalidations',
  maintenanceLeases: 'maintenance_leases',
  auditEvents: 'audit_events',
  recordedEvents: 'recorded_events',
  statistics: 'organization_statistics',
  upstreamStatus: 'upstream_status',
  configurationRevision: 'configuration_revision',
  configurationChanges: 'configuration_changes',
  tokenKeys: 'token_keys',
  systemSettings: 'system_settings',
  scans: 'scans',
  scanFindings: 'scan_findings',
  advisories: 'advisories',
  knownVulnerabilities: 'known_vulnerabilities',
  scanDeletions: 'scan_deletions',
  scanNotifications: 'scan_notifications',
  scanPolicies: 'scan_policies',
} as const;

/** 0 or 1: the only boolean that both databases return in the same way. */
export type Flag = 0 | 1;

/** A robot: an account that may pull from a private organization. */
export interface RobotRow {
  readonly organization_uid: string;
  /** Without the name of the organization. */
  readonly name: string;
  readonly description: string;
  /** Hex. Secrets are long and random, so a fast hash is enough. */
  readonly secret_sha256: string;
  readonly created_at: number;
  readonly last_used_at: number | null;
  /** Null if the robot never expires. */
  readonly expires_at: number | null;
  /** Hex: the secret before the last rotation. Null if there is none, or it ended at once. */
  readonly previous_secret_sha256: string | null;
  /** The previous secret is accepted before this time. Null if there is none. */
  readonly previous_secret_ends_at: number | null;
}

/** A further organization that a robot may pull from, besides its own. */
export interface RobotGrantRow {
  /** The organization of the robot. */
  readonly organization_uid: string;
  readonly robot_name: string;
  /** The organization that the robot may pull from. */
  readonly granted_uid: string;
}

/** A token for the management API. The first admin token has the id `admin`. */
export interface ApiTokenRow {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** Null for ADMIN. */
  readonly organization_uid: string | null;
  /** Hex. */
  readonly token_sha256: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

/**
 * A repository of one upstream. When the upstream of the organization changes, its rows end and new
 * ones begin.
 */
export interface RepositoryRow {
  readonly id: number;
  readonly organization_uid: string;
  readonly origin_version: string;
  /** Canonical: with library/, without the namespace of the upstream. */
  readonly name: string;
  readonly created_at: number;
  readonly last_pulled_at: number | null;
  /**
   * Set when the upstream changed or the organization was deleted. Content of the repository is
   * then neither served nor counted, and is collected.
   */
  readonly ended_at: number | null;
}

/** A manifest that a repository holds. */
export interface ManifestRow {
  readonly id: number;
  readonly repository_id: number;
  readonly digest: string;
  readonly media_type: string;
  readonly size: number;
  readonly artifact_type: string | null;
  readonly created_at: number;
  /** The last successful pull, by tag or by digest. */
  readonly last_pulled_at: number | null;
  /** Copied from the repository, because eviction searches within one origin. */
  readonly origin_version: string;
  /** The last successful pull of the manifest or one of its children, or its admission. */
  readonly used_at: number;
  /**
   * The order of eviction: 0 = only in the time machine, 1 = an active tag points at it, 2 = never
   * had a tag (pulled by digest), null = not evicted by itself, because an index that is held names
   * it.
   */
  readonly eviction_class: 0 | 1 | 2 | null;
  /** The order within a class: when it left service for class 0, otherwise used_at. */
  readonly eviction_at: number;
}

/**
 * Content that a manifest names. The repository is copied here because LookupBlob searches by
 * repository and digest.
 */
export interface ManifestReferenceRow {
  readonly manifest_id: number;
  readonly repository_id: number;
  /**
   * LAYER, CONFIG, CHILD or SUBJECT. FOREIGN is a layer that is stored elsewhere: it is neither
   * held nor reserved.
   */
  readonly role: string;
  readonly position: number;
  readonly digest: string;
  readonly media_type: string;
  readonly size: number;
  readonly platform_os: string | null;
  readonly platform_architecture: string | null;
  readonly platform_variant: string | null;
}

/**
 * A blob in the store, shared by all organizations. {@link BlobProofRow} decides who may read it.
 */
export interface BlobRow {
  readonly digest: string;
  readonly size: number;
  /** PRESENT; DELETING while data planes delete it; QUARANTINED if its bytes were damaged. */
  readonly state: string;
  readonly created_at: number;
  readonly present_at: number;
  /** Number of origins that hold it (HELD); 0 if it can be collected. */
  readonly holders: number;
  /** Since when no origin holds it; null while one does. */
  readonly unheld_at: number | null;
  /** When DELETING began. */
  readonly deleting_at: number | null;
}

/**
 * A proof that an upstream gives a blob: a data plane got the bytes with this identity from this
 * repository (docs/design/pull-semantics.md#right-to-read). At most eight repositories are kept for
 * an identity and a digest.
 */
export interface BlobProofRow {
  /**
   * What the upstream sees of an organization: `anonymous:`, `account:` or `credentials:` and an
   * id.
   */
  readonly identity: string;
  readonly digest: string;
  /** The complete name of the repository at the upstream. */
  readonly upstream_repository: string;
  readonly proven_at: number;
}

/** An identity that an organization lost. Collection deletes its proofs unless another has it. */
export interface EndedIdentityRow {
  readonly identity: string;
  readonly ended_at: number;
}

/** A version of a tag: the live version, or one in the time machine. */
export interface TagRow {
  readonly id: number;
  readonly repository_id: number;
  readonly name: string;
  readonly manifest_id: number;
  /** Copied from the manifest, so that pulls find their version without a join. */
  readonly digest: string;
  /**
   * 1 for the live version, null for all others: (repository, name, live) is unique, and nulls do
   * not conflict.
   */
  readonly live: 1 | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  /**
   * MOVED, EXPIRED or DELETED; null while live. Versions that are evicted or collected have no row.
   */
  readonly end_reason: string | null;
  /** When the upstream last confirmed that the tag points to this digest. */
  readonly checked_at: number;
  /** Null if it never expires. */
  readonly expires_at: number | null;
  /** Time of the pull or the admission that expires_at was computed from. */
  readonly refreshed_at: number;
  /** When expires_at was set manually. A later pull resets it. */
  readonly expiration_set_at: number | null;
  readonly last_pulled_at: number | null;
  readonly pull_count: number;
  /** Copied from the repository, because collection searches within one origin. */
  readonly origin_version: string;
}

/**
 * The sums of what an organization holds under one upstream (an origin). The row is also a lock: a
 * writer that changes content of an origin locks it first, and several of them in the order of
 * origin_version.
 */
export interface OriginUsageRow {
  readonly origin_version: string;
  readonly organization_uid: string;
  /** Up to 2^63-1, like reserved_bytes. Read both as text. */
  readonly used_bytes: string;
  /** Reserved for blobs that have not arrived. */
  readonly reserved_bytes: string;
  readonly manifest_count: number;
  readonly blob_count: number;
  /** 1: usage is over a lowered limit, and eviction has to continue. */
  readonly prune_pending: Flag;
  /** 1: usage has passed the warning percentage and has not fallen below it since. */
  readonly warned: Flag;
}

/**
 * A manifest or blob that an origin holds, counted once, no matter how many of its repositories and
 * manifests need it.
 */
export interface OriginHoldingRow {
  readonly origin_version: string;
  readonly digest: string;
  /**
   * Bytes that it counts: the stored size, or the size in the manifest while RESERVED, so that the
   * sums tell nothing about bytes that the organization has no proof for.
   */
  readonly size: number;
  /** Repositories that have it as a manifest. */
  readonly manifest_repositories: number;
  /** Repositories in which a manifest names it as layer or config. */
  readonly blob_repositories: number;
  /**
   * HELD: in the store and proven for the organization, counts as used. RESERVED: not proven yet,
   * counts as reserved. LAPSED: named, but neither of them, counts nothing.
   */
  readonly state: string;
  /** RESERVED: when the reservation lapses. */
  readonly reserved_until: number | null;
}

/** The share of one repository in an {@link OriginHoldingRow}. */
export interface RepositoryHoldingRow {
  readonly origin_version: string;
  readonly digest: string;
  readonly repository_id: number;
  /** 1: it is a manifest of the repository. */
  readonly is_manifest: Flag;
  /** Manifests of the repository that name it as layer or config. */
  readonly named_by: number;
}

/** A blob that a data plane is reading or filling, according to its last report. */
export interface ContentUseRow {
  readonly node: string;
  readonly organization_uid: string;
  readonly repository: string;
  readonly digest: string;
  readonly started_at: number;
  /** When the report becomes invalid. */
  readonly valid_until: number;
}

/**
 * A message to watching data planes to forget something; see Invalidation in catalog.proto. Kept
 * for an hour.
 */
export interface InvalidationRow {
  readonly id: number;
  readonly at: number;
  readonly organization_uid: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** The lease of a maintenance task, held by one of several control planes on one database. */
export interface MaintenanceLeaseRow {
  readonly name: string;
  readonly owner: string;
  readonly valid_until: number;
}

/**
 * One audit event; pulls are events too. Names are text, not keys, because the log outlives the
 * objects.
 */
export interface AuditEventRow {
  readonly id: string;
  readonly at: number;
  readonly kind: string;
  readonly organization: string | null;
  readonly organization_uid: string | null;
  readonly repository: string | null;
  readonly reference: string | null;
  readonly digest: string | null;
  readonly cache_status: string | null;
  readonly http_status: number | null;
  readonly upstream_status: number | null;
  readonly bytes: number | null;
  readonly actor: string;
  readonly client_address: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  /** A JSON object. */
  readonly detail: string;
}

/** Ids of delivered records without an audit event, so that a repeated delivery counts once. */
export interface RecordedEventRow {
  readonly id: string;
  readonly at: number;
}

/** Counters of one organization for five minutes. */
export interface StatisticsRow {
  readonly organization_uid: string;
  /** Start of the five minutes. */
  readonly bucket: number;
  readonly pulls: number;
  readonly hits: number;
  readonly misses: number;
  readonly stale: number;
  readonly failures: number;
  readonly bytes_served: number;
  readonly bytes_fetched: number;
}

/** The upstream of an organization as data planes last saw it. */
export interface UpstreamStatusRow {
  readonly organization_uid: string;
  readonly reachable: Flag;
  readonly last_checked_at: number;
  readonly last_error: string | null;
  readonly rate_limit: number | null;
  readonly rate_limit_remaining: number | null;
  readonly retry_after: number | null;
}

/** One row. It grows in the transaction of every change that data planes must receive. */
export interface ConfigurationRevisionRow {
  readonly id: 1;
  readonly revision: number;
}

/** The change that one revision of the configuration made. The newest rows are kept: see ADR 25. */
export interface ConfigurationChangeRow {
  readonly revision: number;
  /**
   * Random. Distinguishes this revision from one with the same number in another history, for
   * example after a backup was restored.
   */
  readonly mark: string;
  /**
   * The organization that changed, including its robots. Null for the system settings or the keys
   * of pull tokens.
   */
  readonly organization_uid: string | null;
}

/** A signing key of pull tokens. */
export interface TokenKeyRow {
  readonly id: string;
  /** 32 bytes, sealed with the master key; the context is the id. */
  readonly sealed_secret: Buffer;
  readonly created_at: number;
  /** Set when the key stops signing. It verifies until the tokens that it signed have expired. */
  readonly retired_at: number | null;
}

/** The row of global switches. */
export interface SystemSettingsRow {
  readonly id: 1;
  readonly proxy_cache_enabled: Flag;
  readonly quota_management_enabled: Flag;
  readonly scanning_enabled: Flag;
  readonly version: number;
  /** Set by the first start, whether or not it created organizations. */
  readonly bootstrapped_at: number | null;
}
