import { EnvReader, type RawEnvironment } from '../../common/runtime/env';
import { type Home, homeAt } from '../../common/runtime/home';
import { type ListenAddress, parseListenAddress, parseListenAddresses } from '../../common/runtime/listen-address';
import { LOG_LEVELS, type LogLevel } from '../../common/runtime/logger';
import { parseMasterKey, parseMasterKeys } from '../../common/security/master-key';
import { type PlaneSecurityConfig, readPlaneSecurity } from '../../common/security/plane-security-config';
import { readTlsVariables } from '../../common/security/tls-config';
import type { TlsFiles } from '../../common/security/tls-files';
import { readTracing, type TracingConfig } from '../../common/tracing/tracing-config';
import { type DatabaseAddress, parseDatabaseUrl } from './db/database-address';
import { readScanConfig, type ScanConfig } from './scan/clair/read-scan-config';

/** Everything the control plane takes from outside (architecture section 11). Holds secrets: never logged whole. */
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

/** Reads the configuration. Throws a ConfigurationError that names every problem. */
export function readControlPlaneConfig(env: RawEnvironment): ControlPlaneConfig {
  const reader = new EnvReader(env);
  const home = homeAt(reader.text('LAYOVER_HOME') ?? '.layover');
  const listen = (name: string, fallback: ListenAddress): ListenAddress =>
    reader.parsed(name, fallback, parseListenAddress, 'unix:<path> or host:port');
  const catalogListen = listen('LAYOVER_CATALOG_LISTEN', { kind: 'unix', path: home.catalogSocket });
  const dataPlanes = reader.parsed<readonly ListenAddress[]>(
    'LAYOVER_DATA_PLANES',
    [{ kind: 'unix', path: home.dataSocket }],
    parseListenAddresses,
    'a comma-separated list of unix:<path> or host:port',
  );
  const config: ControlPlaneConfig = {
    home,
    controlListen: listen('LAYOVER_CONTROL_LISTEN', { kind: 'tcp', host: '127.0.0.1', port: 8081 }),
    controlTls: readTlsVariables(reader, 'LAYOVER_CONTROL_TLS').files,
    catalogListen,
    dataPlanes,
    planeSecurity: readPlaneSecurity(
      reader,
      'control-plane',
      { LAYOVER_CATALOG_LISTEN: catalogListen },
      { LAYOVER_DATA_PLANES: dataPlanes },
    ),
    database: reader.parsed(
      'LAYOVER_DATABASE_URL',
      { dialect: 'sqlite', file: home.database } as DatabaseAddress,
      parseDatabaseUrl,
      'sqlite:<file> or mysql://user:password@host:port/database',
      true,
    ),
    databasePool: reader.integer('LAYOVER_DATABASE_POOL', 10, 1, 1000),
    masterKey: reader.parsed('LAYOVER_MASTER_KEY', undefined, parseMasterKey, '32 bytes in base64', true),
    previousMasterKeys: reader.parsed(
      'LAYOVER_MASTER_KEY_PREVIOUS',
      [],
      parseMasterKeys,
      'keys of 32 bytes in base64, separated by commas',
      true,
    ),
    ignoreUnreadableSecrets: reader.boolean('LAYOVER_IGNORE_UNREADABLE_SECRETS', false),
    adminToken: reader.parsed(
      'LAYOVER_ADMIN_TOKEN',
      undefined,
      (text) => (ADMIN_TOKEN.test(text) ? text : undefined),
      '8 to 256 visible ASCII characters without spaces',
      true,
    ),
    bootstrap: reader.boolean('LAYOVER_BOOTSTRAP', true),
    forced: {
      proxyCacheEnabled: reader.boolean('LAYOVER_FEATURE_PROXY_CACHE', undefined),
      quotaManagementEnabled: reader.boolean('LAYOVER_FEATURE_QUOTA_MANAGEMENT', undefined),
      scanningEnabled: reader.boolean('LAYOVER_FEATURE_SCANNING', undefined),
    },
    graphql: {
      requestsPerSecond: reader.integer('LAYOVER_GRAPHQL_RATE_LIMIT', 1000, 0, 1_000_000),
      introspection: reader.boolean('LAYOVER_GRAPHQL_INTROSPECTION', true),
    },
    garbage: {
      everyMs: reader.integer('LAYOVER_GC_INTERVAL_SECONDS', 30, 1, 86_400) * 1000,
      graceMs: reader.integer('LAYOVER_GC_GRACE_SECONDS', 600, 0, 30 * 86_400) * 1000,
    },
    scan: readScanConfig(reader),
    auditRetentionMs: retentionMs(reader.integer('LAYOVER_AUDIT_RETENTION_DAYS', 0, 1, 36_500)),
    drainMs: reader.integer('LAYOVER_DRAIN_SECONDS', 30, 0, 3600) * 1000,
    tracing: readTracing(reader, 'control-plane'),
    logLevel: reader.choice('LAYOVER_LOG_LEVEL', 'info', LOG_LEVELS),
  };
  if (config.controlListen.kind === 'unix' && config.controlListen.path === home.catalogSocket)
    reader.problem('LAYOVER_CONTROL_LISTEN', 'is the socket of the Catalog');
  reader.done();
  return config;
}

/** The configuration of this process. */
export function configFromEnvironment(): ControlPlaneConfig {
  return readControlPlaneConfig(process.env);
}

/** 0 days = the variable is not there. */
function retentionMs(days: number): number | undefined {
  return days === 0 ? undefined : days * 86_400_000;
}
