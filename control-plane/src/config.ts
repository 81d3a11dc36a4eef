import { SETTINGS } from '../../common/configuration/settings';
import { SettingsReader } from '../../common/configuration/settings-reader';
import type { RawEnvironment } from '../../common/runtime/env';
import { type Home, homeAt } from '../../common/runtime/home';
import { type ListenAddress, parseListenAddress, parseListenAddresses } from '../../common/runtime/listen-address';
import type { LogLevel } from '../../common/runtime/logger';
import { parseMasterKey, parseMasterKeys } from '../../common/security/master-key';
import { type PlaneSecurityConfig, readPlaneSecurity } from '../../common/security/plane-security-config';
import { readTlsVariables, type TlsSettings } from '../../common/security/tls-config';
import type { TlsFiles } from '../../common/security/tls-files';
import { readTracing, type TracingConfig } from '../../common/tracing/tracing-config';
import { type DatabaseAddress, parseDatabaseUrl } from './db/database-address';
import { readScanConfig, type ScanConfig } from './scan/read-scan-config';

/** Everything that can be configured about a control plane. Contains secrets: never logged as a whole. */
export interface ControlPlaneConfig {
  readonly home: Home;
  /** GraphQL, health and metrics over HTTP. */
  readonly controlListen: ListenAddress;
  /** Certificate for it; undefined = plain HTTP. */
  readonly controlTls: TlsFiles | undefined;
  /** Catalog over gRPC. */
  readonly catalogListen: ListenAddress;
  /** Data planes that upstreams are asked through; at least one. Default: the socket in the home. */
  readonly dataPlanes: readonly ListenAddress[];
  /** How this plane and the others know each other. */
  readonly planeSecurity: PlaneSecurityConfig;
  readonly database: DatabaseAddress;
  /** Connections to MySQL at most. */
  readonly databasePool: number;
  /** 32 bytes; undefined = the one in the home, made when absent. */
  readonly masterKey: Buffer | undefined;
  /** Keys that still open what they sealed. */
  readonly previousMasterKeys: readonly Buffer[];
  /** Start without secrets that no key opens, instead of not at all. */
  readonly ignoreUnreadableSecrets: boolean;
  /** undefined = made at the first start. */
  readonly adminToken: string | undefined;
  /** Whether the first start creates the public organizations. */
  readonly bootstrap: boolean;
  /** Global switches that the environment forces; undefined = GraphQL sets them. */
  readonly forced: ForcedSwitches;
  readonly graphql: GraphqlOptions;
  readonly garbage: GarbageOptions;
  /** undefined = nothing is scanned. */
  readonly scan: ScanConfig | undefined;
  /** How long audit events are kept, in milliseconds; undefined = for ever. */
  readonly auditRetentionMs: number | undefined;
  /** How long calls may go on after SIGTERM. */
  readonly drainMs: number;
  /** Where traces go; undefined = nothing is traced. */
  readonly tracing: TracingConfig | undefined;
  readonly logLevel: LogLevel;
  /** What to log at start: variables with unknown names, which have no effect. */
  readonly warnings: readonly string[];
}

/** Switches of the system settings that the environment holds on or off. */
export interface ForcedSwitches {
  readonly proxyCacheEnabled: boolean | undefined;
  readonly quotaManagementEnabled: boolean | undefined;
  readonly scanningEnabled: boolean | undefined;
}

/** How often garbage is collected, and how long bytes stay that nobody holds any more; milliseconds. */
export interface GarbageOptions {
  readonly everyMs: number;
  readonly graceMs: number;
}

/** How the management API guards itself. */
export interface GraphqlOptions {
  /** Requests that one token may make per second on average, in bursts of twice as many; 0 = no limit. */
  readonly requestsPerSecond: number;
  /** Whether the schema can be asked for. */
  readonly introspection: boolean;
}

/** An admin token short enough to guess is worse than none: the control plane makes a good one itself. */
const ADMIN_TOKEN = /^[\x21-\x7e]{8,256}$/;

const CONTROL_TLS: TlsSettings = { cert: SETTINGS.LAYOVER_CONTROL_TLS_CERT, key: SETTINGS.LAYOVER_CONTROL_TLS_KEY };

/** Reads the configuration from an environment. Throws a ConfigurationError that names every problem. */
export function readControlPlaneConfig(env: RawEnvironment): ControlPlaneConfig {
  const reader = new SettingsReader(env);
  const home = homeAt(reader.text(SETTINGS.LAYOVER_HOME));
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
      `must be another socket: data planes reach the control plane at ${home.catalogSocket}`,
    );
  return { ...config, warnings: reader.done() };
}

/** The configuration in the environment of this process. */
export function configFromEnvironment(): ControlPlaneConfig {
  return readControlPlaneConfig(process.env);
}

function daysInMs(days: number | undefined): number | undefined {
  return days === undefined ? undefined : days * 86_400_000;
}
