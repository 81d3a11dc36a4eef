import type { Knex } from 'knex';
import { exactly } from '../../db/big-numbers';
import type { Queries } from '../../db/database';
import { type Organization, ORGANIZATION_SETTINGS } from './organization';
import { PROXY_CACHE_SETTINGS, type ProxyCache } from './proxy-cache';
import { type Quota, QUOTA_SETTINGS } from './quota';
import { SCAN_POLICY_SETTINGS, type ScanPolicy } from './scan-policy';
import type { RowOf, SettingDefinitions } from './settings/setting';
import { fromRow, toRow } from './settings/setting-rows';

/** The columns of an organization that are not settings. */
interface OrganizationColumns {
  /** Never reused. */
  readonly uid: string;
  /** Can be reused after a deletion. */
  readonly name: string;
  /** Increases by one with every change. */
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** The columns of a proxy configuration that are not settings or are derived from several. */
interface ProxyConfigColumns {
  readonly organization_uid: string;
  /** host[:port] as the user wrote it. */
  readonly upstream_host: string;
  /** Empty if there is none. */
  readonly upstream_namespace: string;
  /** Sealed with the master key. The context is the uid of the organization. */
  readonly sealed_password: Buffer | null;
  readonly credential_version: string;
  readonly origin_version: string;
  /** When origin_version was created. Earlier reports are about another upstream. */
  readonly origin_since: number;
  /** Null if an older control plane created the organization. */
  readonly account_version: string | null;
  /** Null if it is not known; see {@link fromIdentityColumns}. */
  readonly shared_identity: string | null;
  /**
   * The credential_version that the two columns above were derived for. If it is another one, an
   * older control plane changed the organization, and they are not valid.
   */
  readonly identified_version: string | null;
}

/** An organization. */
export type OrganizationRow = OrganizationColumns & RowOf<typeof ORGANIZATION_SETTINGS>;
/** The proxy configuration of an organization. Without a row, the organization has no upstream. */
export type ProxyConfigRow = ProxyConfigColumns & RowOf<typeof PROXY_CACHE_SETTINGS>;
/** The quota of an organization. Without a row, there is no limit. */
export type QuotaRow = { readonly organization_uid: string } & RowOf<typeof QUOTA_SETTINGS>;
/** The scan policy of an organization. Without a row, every image is served. */
export type ScanPolicyRow = { readonly organization_uid: string } & RowOf<typeof SCAN_POLICY_SETTINGS>;

/**
 * A row of the four joined tables: `<column>_<alias>`, null if a table has no row. The column comes
 * first because the driver recognizes columns that are not text by the beginning of their name
 * (docs/adr/0011-compare-text-bytewise-on-every-database.md).
 */
export type JoinedRow = Readonly<Record<string, unknown>>;

/** The tables of the join by alias, with their columns. */
const COLUMNS = {
  o: columns<OrganizationColumns>(ORGANIZATION_SETTINGS, {
    uid: true,
    name: true,
    version: true,
    created_at: true,
    updated_at: true,
  }),
  p: columns<ProxyConfigColumns>(PROXY_CACHE_SETTINGS, {
    organization_uid: true,
    upstream_host: true,
    upstream_namespace: true,
    sealed_password: true,
    credential_version: true,
    origin_version: true,
    origin_since: true,
    account_version: true,
    shared_identity: true,
    identified_version: true,
  }),
  q: columns<{ organization_uid: string }>(QUOTA_SETTINGS, { organization_uid: true }),
  g: columns<{ organization_uid: string }>(SCAN_POLICY_SETTINGS, { organization_uid: true }),
} as const;

/** Returns the columns that a query of the four tables (aliases o, p, q and g) selects. */
export function joinedColumns(queries: Queries): readonly (string | Knex.Raw)[] {
  return Object.entries(COLUMNS).flatMap(([alias, list]) =>
    list.map(({ name, exact }) =>
      exact ? exactly(queries, `${alias}.${name}`, `${name}_${alias}`) : `${alias}.${name} as ${name}_${alias}`,
    ),
  );
}

/** Converts a joined row to an organization. */
export function fromRows(row: JoinedRow): Organization {
  const own = part<OrganizationRow>(row, 'o');
  const quota = row['organization_uid_q'] === null ? undefined : part<QuotaRow>(row, 'q');
  const scanPolicy = row['organization_uid_g'] === null ? undefined : part<ScanPolicyRow>(row, 'g');
  return {
    ...fromRow(ORGANIZATION_SETTINGS, own),
    uid: own.uid,
    name: own.name,
    version: own.version,
    createdAt: own.created_at,
    updatedAt: own.updated_at,
    proxyCache: row['organization_uid_p'] === null ? undefined : toProxyCache(part<ProxyConfigRow>(row, 'p')),
    quota: quota && fromRow(QUOTA_SETTINGS, quota),
    scanPolicy: scanPolicy && fromRow(SCAN_POLICY_SETTINGS, scanPolicy),
  };
}

/** Converts an organization to its own row. */
export function toOrganizationRow(organization: Organization): OrganizationRow {
  return {
    ...toRow(ORGANIZATION_SETTINGS, organization),
    uid: organization.uid,
    name: organization.name,
    version: organization.version,
    created_at: organization.createdAt,
    updated_at: organization.updatedAt,
  };
}

/** Converts a proxy configuration to its row. */
export function toProxyConfigRow(uid: string, proxy: ProxyCache): ProxyConfigRow {
  return {
    ...toRow(PROXY_CACHE_SETTINGS, proxy),
    organization_uid: uid,
    upstream_host: proxy.upstreamHost,
    upstream_namespace: proxy.upstreamNamespace,
    sealed_password: proxy.sealedPassword ?? null,
    origin_version: proxy.originVersion,
    origin_since: proxy.originSince,
    ...toIdentityColumns(proxy),
  };
}

/** The columns from which the identities of an organization are read. */
export type IdentityColumns = Pick<
  ProxyConfigColumns,
  'credential_version' | 'account_version' | 'shared_identity' | 'identified_version'
>;

/** Converts the values of a proxy configuration that its identities are derived from. */
export function toIdentityColumns(
  proxy: Pick<ProxyCache, 'credentialVersion' | 'accountVersion' | 'sharedIdentity'>,
): IdentityColumns {
  return {
    credential_version: proxy.credentialVersion,
    account_version: proxy.accountVersion,
    shared_identity: proxy.sharedIdentity ?? null,
    identified_version: proxy.sharedIdentity === undefined ? null : proxy.credentialVersion,
  };
}

/**
 * Reads the values that the identities are derived from. If an older control plane changed the
 * organization, its credential version, which is random and its own, takes the place of the account
 * version, and the shared identity is not known.
 */
export function fromIdentityColumns(row: IdentityColumns): Pick<ProxyCache, 'accountVersion' | 'sharedIdentity'> {
  const { credential_version, account_version, shared_identity, identified_version } = row;
  if (identified_version !== credential_version || account_version === null || shared_identity === null)
    return { accountVersion: credential_version, sharedIdentity: undefined };
  return { accountVersion: account_version, sharedIdentity: shared_identity };
}

/** Converts a quota to its row. */
export function toQuotaRow(uid: string, quota: Quota): QuotaRow {
  return { ...toRow(QUOTA_SETTINGS, quota), organization_uid: uid };
}

/** Converts a scan policy to its row. */
export function toScanPolicyRow(uid: string, policy: ScanPolicy): ScanPolicyRow {
  return { ...toRow(SCAN_POLICY_SETTINGS, policy), organization_uid: uid };
}

function toProxyCache(row: ProxyConfigRow): ProxyCache {
  return {
    ...fromRow(PROXY_CACHE_SETTINGS, row),
    upstreamHost: row.upstream_host,
    upstreamNamespace: row.upstream_namespace,
    sealedPassword: row.sealed_password ?? undefined,
    credentialVersion: row.credential_version,
    originVersion: row.origin_version,
    originSince: row.origin_since,
    ...fromIdentityColumns(row),
  };
}

/** Returns the columns of a table. `own` must name every column that is not a setting. */
function columns<Own>(
  settings: SettingDefinitions,
  own: Readonly<Record<keyof Own & string, true>>,
): readonly { readonly name: string; readonly exact: boolean }[] {
  return [
    ...Object.keys(own).map((name) => ({ name, exact: false })),
    ...Object.values(settings).map(({ column, kind }) => ({ name: column, exact: kind.type === 'bytes' })),
  ];
}

function part<Row>(row: JoinedRow, alias: keyof typeof COLUMNS): Row {
  return Object.fromEntries(COLUMNS[alias].map(({ name }) => [name, row[`${name}_${alias}`]])) as Row;
}
