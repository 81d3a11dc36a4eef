/**
 * The database, row by row. Every time is milliseconds since the epoch (UTC), every size is bytes, booleans are 0 or 1,
 * JSON is text. The same rows exist on SQLite and on MySQL; schema/migrations creates them. The rows
 * of organizations, proxy_configs, quotas and scan_policies are not here: their types follow from the
 * definitions of the settings (control-plane/src/tenancy/organizations/organization.rows.ts).
 */
export const Table = {
  organizations: 'organizations',
  proxyConfigs: 'proxy_configs',
  quotas: 'quotas',
  robots: 'robots',
  apiTokens: 'api_tokens',
  repositories: 'repositories',
  manifests: 'manifests',
  manifestReferences: 'manifest_references',
  blobs: 'blobs',
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

/** 0 or 1: the only boolean that both databases give back the same way. */
export type Flag = 0 | 1;

/** An account that may pull from a private organization. */
export interface RobotRow {
  readonly organization_uid: string;
  /** Without the organization's name. */
  readonly name: string;
  readonly description: string;
  /** Hex. Secrets are long and random, so a fast hash is enough. */
  readonly secret_sha256: string;
  readonly created_at: number;
  readonly last_used_at: number | null;
}

/** A token for the management API. The first admin token is the row with id `admin`. */
export interface ApiTokenRow {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** null for ADMIN. */
  readonly organization_uid: string | null;
  /** Hex. */
  readonly token_sha256: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

/** A repository of one upstream: when the organization's upstream changes, its rows end and new ones begin. */
export interface RepositoryRow {
  readonly id: number;
  readonly organization_uid: string;
  readonly origin_version: string;
  /** Canonical: library/ made explicit, the upstream's namespace left out. */
  readonly name: string;
  readonly created_at: number;
  readonly last_pulled_at: number | null;
  /** Set when the upstream changed or the organization was deleted: nothing of it is served or counted, and it is collected. */
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
  /** Last successful pull, by tag or by digest. */
  readonly last_pulled_at: number | null;
  /** Of its repository, repeated: what leaves the cache first is looked for within one origin. */
  readonly origin_version: string;
  /** Last successful pull of it or of a child of it, or when it was admitted. */
  readonly used_at: number;
  /**
   * In which order it leaves the cache: 0 = only the time machine has it, 1 = an active tag points at it, 2 = no tag ever
   * did or does (pulled by digest), null = not by itself: an index that is held names it.
   */
  readonly eviction_class: 0 | 1 | 2 | null;
  /** What the order within the class goes by: class 0 when it left service, else used_at. */
  readonly eviction_at: number;
}

/** What a manifest names. The repository is repeated here: LookupBlob asks by repository and digest. */
export interface ManifestReferenceRow {
  readonly manifest_id: number;
  readonly repository_id: number;
  /** LAYER, CONFIG, CHILD or SUBJECT. */
  readonly role: string;
  readonly position: number;
  readonly digest: string;
  readonly media_type: string;
  readonly size: number;
  readonly platform_os: string | null;
  readonly platform_architecture: string | null;
  readonly platform_variant: string | null;
}

/** A blob in the store, shared by all organizations. Who may read it follows from manifest_references alone. */
export interface BlobRow {
  readonly digest: string;
  readonly size: number;
  /** PRESENT; DELETING while data planes are told to delete it; QUARANTINED when its bytes were found damaged. */
  readonly state: string;
  readonly created_at: number;
  readonly present_at: number;
  /** Origins that hold it (HELD); 0 = it can be collected. */
  readonly holders: number;
  /** Since when nobody holds it; null while somebody does. */
  readonly unheld_at: number | null;
  /** When DELETING began. */
  readonly deleting_at: number | null;
}

/** A version of a tag: the live one, or one in the time machine. */
export interface TagRow {
  readonly id: number;
  readonly repository_id: number;
  readonly name: string;
  readonly manifest_id: number;
  /** Of the manifest, repeated so that pulls find their version without a join. */
  readonly digest: string;
  /** 1 for the live version, null for all others: (repository, name, live) is unique, and nulls don't collide. */
  readonly live: 1 | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  /** MOVED, EXPIRED, DELETED; null while live. Versions that are evicted or collected are gone. */
  readonly end_reason: string | null;
  /** When upstream last said that the tag points here. */
  readonly checked_at: number;
  /** null = never. */
  readonly expires_at: number | null;
  /** Time of the pull (or admission) that expires_at was computed from. */
  readonly refreshed_at: number;
  /** When expires_at was set by hand; a pull after that resets it. */
  readonly expiration_set_at: number | null;
  readonly last_pulled_at: number | null;
  readonly pull_count: number;
  /** Of its repository, repeated: collection looks within one origin. */
  readonly origin_version: string;
}

/**
 * What an organization holds under one upstream (an origin), in sums. The row is also the lock: whoever changes content of an
 * origin has it first, several in the order of origin_version.
 */
export interface OriginUsageRow {
  readonly origin_version: string;
  readonly organization_uid: string;
  /** Up to 2^63-1, as are the next: read them as text. */
  readonly used_bytes: string;
  /** Promised to blobs that are on their way. */
  readonly reserved_bytes: string;
  readonly manifest_count: number;
  readonly blob_count: number;
  /** 1: usage is over a limit that was lowered, and eviction goes on. */
  readonly prune_pending: Flag;
  /** 1: usage passed the warning share and has not fallen below it since. */
  readonly warned: Flag;
}

/** A manifest or blob that an origin holds, once however many repositories and manifests of it need it. */
export interface OriginHoldingRow {
  readonly origin_version: string;
  readonly digest: string;
  /** Bytes that it counts: as stored, or while RESERVED as the manifest says. */
  readonly size: number;
  /** Repositories in which it is a manifest. */
  readonly manifest_repositories: number;
  /** Repositories in which a manifest names it as layer or config. */
  readonly blob_repositories: number;
  /** HELD: in the store, counts as used. RESERVED: on its way, counts as reserved. LAPSED: named, not here, counts nothing. */
  readonly state: string;
  /** RESERVED: when the promise ends. */
  readonly reserved_until: number | null;
}

/** The part of one repository in an {@link OriginHoldingRow}. */
export interface RepositoryHoldingRow {
  readonly origin_version: string;
  readonly digest: string;
  readonly repository_id: number;
  /** 1: it is a manifest of the repository. */
  readonly is_manifest: Flag;
  /** Manifests of the repository that name it as layer or config. */
  readonly named_by: number;
}

/** A blob that a data plane reads or fills at present, as it said last. */
export interface ContentUseRow {
  readonly node: string;
  readonly organization_uid: string;
  readonly repository: string;
  readonly digest: string;
  readonly started_at: number;
  /** Believed until then. */
  readonly valid_until: number;
}

/** What data planes that watch must forget; see Invalidation in catalog.proto. Kept an hour. */
export interface InvalidationRow {
  readonly id: number;
  readonly at: number;
  readonly organization_uid: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** Who does the work of that name, of several control planes on one database. */
export interface MaintenanceLeaseRow {
  readonly name: string;
  readonly owner: string;
  readonly valid_until: number;
}

/** One line of the audit log; pulls are lines as well. Names are text, not keys: the log outlives what it speaks of. */
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

/** Ids of delivered records that leave no audit event, so that a repeat counts once. */
export interface RecordedEventRow {
  readonly id: string;
  readonly at: number;
}

/** Counters of one organization over five minutes. */
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

/** What data planes last saw of an organization's upstream. */
export interface UpstreamStatusRow {
  readonly organization_uid: string;
  readonly reachable: Flag;
  readonly last_checked_at: number;
  readonly last_error: string | null;
  readonly rate_limit: number | null;
  readonly rate_limit_remaining: number | null;
  readonly retry_after: number | null;
}

/** One row: grows in the transaction of every change that data planes must hear of. */
export interface ConfigurationRevisionRow {
  readonly id: 1;
  readonly revision: number;
}

/** What one revision of the configuration changed. The newest rows are kept: see ADR 25. */
export interface ConfigurationChangeRow {
  readonly revision: number;
  /** Random. Tells this revision from one with the same number in the history of a restored backup. */
  readonly mark: string;
  /** The organization that changed, together with its robots; null = the system settings or the keys of pull tokens. */
  readonly organization_uid: string | null;
}

/** A key that pull tokens are signed with. */
export interface TokenKeyRow {
  readonly id: string;
  /** 32 bytes, sealed with the master key, context = the id. */
  readonly sealed_secret: Buffer;
  readonly created_at: number;
  /** Set when it no longer signs; it verifies until the tokens it signed have expired. */
  readonly retired_at: number | null;
}

/** One row of global switches. */
export interface SystemSettingsRow {
  readonly id: 1;
  readonly proxy_cache_enabled: Flag;
  readonly quota_management_enabled: Flag;
  readonly scanning_enabled: Flag;
  readonly version: number;
  /** Set by the first start, whether it created organizations or not. */
  readonly bootstrapped_at: number | null;
}
