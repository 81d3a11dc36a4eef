import { existsSync, readFileSync } from 'node:fs';
import { readHome } from '../../common/configuration/read-home';
import { SETTINGS } from '../../common/configuration/settings';
import { SettingsReader } from '../../common/configuration/settings-reader';
import type { RawEnvironment } from '../../common/runtime/env';
import type { Home } from '../../common/runtime/home';
import { type ListenAddress, parseListenAddress, parseListenAddresses } from '../../common/runtime/listen-address';
import type { LogLevel } from '../../common/runtime/log-level';
import { parseMasterKey, parseMasterKeys } from '../../common/security/master-key';
import { type PlaneSecurityConfig, readPlaneSecurity } from '../../common/security/plane-security-config';
import { readTlsVariables, type TlsSettings } from '../../common/security/tls-config';
import type { TlsFiles } from '../../common/security/tls-files';
import { readTracing, type TracingConfig } from '../../common/tracing/tracing-config';
import { type DatabaseAddress, parseDatabaseUrl } from './db/database-address';
import { readScanConfig } from './read-scan-config';
import type { ScanConfig } from './scan/clair/scan-config';
import type { ForcedSwitches } from './tenancy/settings/system-settings';

/** The configuration of a control plane. Contains secrets: never logged as a whole. */
export interface ControlPlaneConfig {
  readonly home: Home;
  /** GraphQL, health and metrics over HTTP. */
  readonly controlListen: ListenAddress;
  /** The certificate of that server; undefined for plain HTTP. */
  readonly controlTls: TlsFiles | undefined;
  /** The Catalog over gRPC. */
  readonly catalogListen: ListenAddress;
  /** All data planes, at least one. The default is the socket in the home. */
  readonly dataPlanes: readonly ListenAddress[];
  /** How this plane and the others identify each other. */
  readonly planeSecurity: PlaneSecurityConfig;
  readonly database: DatabaseAddress;
  /** Maximum number of connections to MySQL. */
  readonly databasePool: number;
  /** 32 bytes. Undefined means the key in the home, which is created if it is missing. */
  readonly masterKey: Buffer | undefined;
  /** Earlier keys, which still decrypt what they have encrypted. */
  readonly previousMasterKeys: readonly Buffer[];
  /** Whether to start although no key decrypts some of the stored secrets. */
  readonly ignoreUnreadableSecrets: boolean;
  /** Undefined if the first start generates one. */
  readonly adminToken: string | undefined;
  /** Whether the first start creates the public organizations. */
  readonly bootstrap: boolean;
  /** Switches that the environment forces. The others are set with GraphQL. */
  readonly forced: ForcedSwitches;
  readonly graphql: GraphqlOptions;
  readonly garbage: GarbageOptions;
  /** Undefined if scanning is not configured. */
  readonly scan: ScanConfig | undefined;
  /** How long audit events are kept, in milliseconds; undefined for ever. */
  readonly auditRetentionMs: number | undefined;
  /** How long running calls may take to end after SIGTERM, in milliseconds. */
  readonly drainMs: number;
  /** Where traces are sent; undefined if tracing is off. */
  readonly tracing: TracingConfig | undefined;
  readonly logLevel: LogLevel;
  /** What to log at start: unknown variables, which have no effect. */
  readonly warnings: readonly string[];
}

/**
 * How often garbage is collected, and how long blobs are kept after the last organization has
 * released them; both in milliseconds.
 */
export interface GarbageOptions {
  readonly everyMs: number;
  readonly graceMs: number;
}

/** Limits of the management API. */
export interface GraphqlOptions {
  /**
   * Average number of requests per second for one token, with bursts of twice as many; 0 for no
   * limit.
   */
  readonly requestsPerSecond: number;
  /** Whether clients may request the schema. */
  readonly introspection: boolean;
}

/**
 * Minimum length of a token, because a token that can be guessed is worse than none: without one,
 * the first start generates a strong token.
 */
const ADMIN_TOKEN = /^[\x21-\x7e]{32,256}$/;

const CONTROL_TLS: TlsSettings = { cert: SETTINGS.LAYOVER_CONTROL_TLS_CERT, key: SETTINGS.LAYOVER_CONTROL_TLS_KEY };

/**
 * Reads the configuration from an environment. Throws a ConfigurationError that names every
 * problem.
 */
export function readControlPlaneConfig(env: RawEnvironment): ControlPlaneConfig {
  const reader = new SettingsReader(env);
  const home = readHome(reader);
  const catalogListen = reader.parsed(SETTINGS.LAYOVER_CATALOG_LISTEN, parseListenAddress) ?? {
    kind: 'unix',
    path: home.catalogSocket,
  };
  const dataPlanes = reader.parsed(SETTINGS.LAYOVER_DATA_PLANES, parseListenAddresses) ?? [
    { kind: 'unix', path: home.dataSocket },
  ];
  const config = {
    home,
    controlListen: reader.parsed(SETTINGS.LAYOVER_CONTROL_LISTEN, parseListenAddress),
    controlTls: readTlsVariables(reader, CONTROL_TLS).files,
    catalogListen,
    dataPlanes,
    planeSecurity: readPlaneSecurity(
      reader,
      'control-plane',
      [{ setting: SETTINGS.LAYOVER_CATALOG_LISTEN, addresses: [catalogListen] }],
      [{ setting: SETTINGS.LAYOVER_DATA_PLANES, addresses: dataPlanes }],
    ),
    database: reader.parsed(SETTINGS.LAYOVER_DATABASE_URL, parseDatabaseUrl) ?? {
      dialect: 'sqlite' as const,
      file: home.database,
    },
    databasePool: reader.integer(SETTINGS.LAYOVER_DATABASE_POOL),
    masterKey: reader.parsed(SETTINGS.LAYOVER_MASTER_KEY, parseMasterKey),
    previousMasterKeys: reader.parsed(SETTINGS.LAYOVER_MASTER_KEY_PREVIOUS, parseMasterKeys) ?? [],
    ignoreUnreadableSecrets: reader.boolean(SETTINGS.LAYOVER_IGNORE_UNREADABLE_SECRETS),
    adminToken: reader.parsed(SETTINGS.LAYOVER_ADMIN_TOKEN, (text) => (ADMIN_TOKEN.test(text) ? text : undefined)),
    bootstrap: reader.boolean(SETTINGS.LAYOVER_BOOTSTRAP),
    forced: {
      proxyCacheEnabled: reader.boolean(SETTINGS.LAYOVER_FEATURE_PROXY_CACHE),
      quotaManagementEnabled: reader.boolean(SETTINGS.LAYOVER_FEATURE_QUOTA_MANAGEMENT),
      scanningEnabled: reader.boolean(SETTINGS.LAYOVER_FEATURE_SCANNING),
    },
    graphql: {
      requestsPerSecond: reader.integer(SETTINGS.LAYOVER_GRAPHQL_RATE_LIMIT),
      introspection: reader.boolean(SETTINGS.LAYOVER_GRAPHQL_INTROSPECTION),
    },
    garbage: {
      everyMs: reader.integer(SETTINGS.LAYOVER_GC_INTERVAL_SECONDS) * 1000,
      graceMs: reader.integer(SETTINGS.LAYOVER_GC_GRACE_SECONDS) * 1000,
    },
    scan: readScanConfig(reader),
    auditRetentionMs: daysInMs(reader.integer(SETTINGS.LAYOVER_AUDIT_RETENTION_DAYS)),
    drainMs: reader.integer(SETTINGS.LAYOVER_DRAIN_SECONDS) * 1000,
    tracing: readTracing(reader, 'control-plane'),
    logLevel: reader.choice(SETTINGS.LAYOVER_LOG_LEVEL),
  };
  if (config.controlListen.kind === 'unix' && config.controlListen.path === home.catalogSocket)
    reader.problem(
      SETTINGS.LAYOVER_CONTROL_LISTEN,
      `must be a different socket: ${home.catalogSocket} is the socket of the Catalog for data planes`,
    );
  return { ...config, warnings: reader.done() };
}

/**
 * Reads the configuration of fsck. Without LAYOVER_DATA_PLANES, the data planes are those that `npm
 * start` has listed in the home, if it runs several.
 */
export function readFsckConfig(
  env: RawEnvironment,
  readFile: (path: string) => string | undefined,
): ControlPlaneConfig {
  const { home } = readControlPlaneConfig(env);
  const isSet = new SettingsReader(env).isSet(SETTINGS.LAYOVER_DATA_PLANES);
  const local = isSet ? undefined : readFile(home.dataPlanes);
  return readControlPlaneConfig(local === undefined ? env : { ...env, LAYOVER_DATA_PLANES: local });
}

/** Reads the configuration of fsck from the environment of this process and from the home. */
export function fsckConfigFromEnvironment(): ControlPlaneConfig {
  return readFsckConfig(process.env, (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined));
}

/** Reads the configuration from the environment of this process. */
export function configFromEnvironment(): ControlPlaneConfig {
  return readControlPlaneConfig(process.env);
}

function daysInMs(days: number | undefined): number | undefined {
  return days === undefined ? undefined : days * 86_400_000;
}
