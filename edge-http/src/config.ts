import { readEdgeDrainSeconds } from '../../common/configuration/read-drain';
import { readHome } from '../../common/configuration/read-home';
import { SETTINGS } from '../../common/configuration/settings';
import { SettingsReader } from '../../common/configuration/settings-reader';
import type { Home } from '../../common/runtime/home';
import type { RawEnvironment } from '../../common/runtime/env';
import { type ListenAddress, parseListenAddress, parseListenAddresses } from '../../common/runtime/listen-address';
import type { LogLevel } from '../../common/runtime/log-level';
import { type PlaneSecurityConfig, readPlaneSecurity } from '../../common/security/plane-security-config';
import { readTlsVariables, type TlsSettings } from '../../common/security/tls-config';
import type { TlsFiles } from '../../common/security/tls-files';
import { readTracing, type TracingConfig } from '../../common/tracing/tracing-config';
import { type OffloadSettings, parseOffloadFolders, parseOffloadSecret } from './delivery/offload-settings';
import type { LocalDelivery } from './registry/grpc/data-plane';
import { parseOrganizationHosts } from './request/site';
import { parseTrustedProxies, type TrustedProxies } from './request/trusted-proxies';

/** Configuration of an edge. */
export interface EdgeConfig {
  /** LAYOVER_EDGE_LISTEN: where the registry listens. */
  readonly listen: ListenAddress;
  /**
   * LAYOVER_EDGE_METRICS_LISTEN: where /metrics, /healthz and /readyz are served over plain HTTP.
   * If undefined, the registry itself serves /metrics, to clients on this machine only.
   */
  readonly metricsListen: ListenAddress | undefined;
  /** LAYOVER_EDGE_TLS_CERT and LAYOVER_EDGE_TLS_KEY; undefined means plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /**
   * LAYOVER_TRUSTED_PROXIES: proxies whose forwarding headers are trusted; undefined means none.
   */
  readonly trustedProxies: TrustedProxies | undefined;
  /** How planes authenticate each other. */
  readonly planeSecurity: PlaneSecurityConfig;
  /** LAYOVER_DATA_PLANES: at least one address. A host name stands for all its addresses. */
  readonly dataPlanes: readonly ListenAddress[];
  /** LAYOVER_LOCAL_DELIVERY. */
  readonly localDelivery: LocalDelivery;
  /** LAYOVER_BLOB_READERS_PER_NODE. */
  readonly blobReadersPerNode: number;
  /** LAYOVER_EDGE_OFFLOAD and its settings; undefined means off. */
  readonly offload: OffloadSettings | undefined;
  /**
   * LAYOVER_PUBLIC_URL: address of the registry for clients, without a trailing slash. If
   * undefined, the address that each client used.
   */
  readonly publicUrl: string | undefined;
  /**
   * LAYOVER_ORGANIZATION_HOSTS: organizations by the host name that stands for them; undefined
   * means none.
   */
  readonly organizationHosts: ReadonlyMap<string, string> | undefined;
  /** LAYOVER_EDGE_DRAIN_SECONDS, or LAYOVER_DRAIN_SECONDS if that is not set. */
  readonly drainSeconds: number;
  /**
   * LAYOVER_CLIENT_IDLE_SECONDS: a client that reads nothing of a body for this long is
   * disconnected. Linux reports progress of a slow client only after about 1.7 MB (the send
   * buffer), which takes half an hour at 1 KB/s; therefore the default is one hour. TCP itself
   * detects clients that are gone.
   */
  readonly clientIdleSeconds: number;
  /**
   * LAYOVER_RESUME_SECONDS: how long an answer with a blob that has begun waits for a data plane if
   * all of them are lost.
   */
  readonly resumeSeconds: number;
  /** Where traces are sent; undefined means that nothing is traced. */
  readonly tracing: TracingConfig | undefined;
  /** LAYOVER_LOG_LEVEL. */
  readonly logLevel: LogLevel;
  /** Warnings to log at start, about variables with unknown names. */
  readonly warnings: readonly string[];
}

const EDGE_TLS: TlsSettings = { cert: SETTINGS.LAYOVER_EDGE_TLS_CERT, key: SETTINGS.LAYOVER_EDGE_TLS_KEY };

/** Reads the configuration from an environment. Throws a ConfigurationError with all problems. */
export function readEdgeConfig(env: RawEnvironment): EdgeConfig {
  const reader = new SettingsReader(env);
  const home = readHome(reader);
  const dataPlanes = reader.parsed(SETTINGS.LAYOVER_DATA_PLANES, parseListenAddresses) ?? [
    { kind: 'unix', path: home.dataSocket },
  ];
  const config = {
    listen: reader.parsed(SETTINGS.LAYOVER_EDGE_LISTEN, parseListenAddress),
    metricsListen: reader.parsed(SETTINGS.LAYOVER_EDGE_METRICS_LISTEN, parseListenAddress),
    tls: readTlsVariables(reader, EDGE_TLS).files,
    trustedProxies: reader.parsed(SETTINGS.LAYOVER_TRUSTED_PROXIES, parseTrustedProxies),
    dataPlanes,
    planeSecurity: readPlaneSecurity(
      reader,
      'edge',
      [],
      [{ setting: SETTINGS.LAYOVER_DATA_PLANES, addresses: dataPlanes }],
    ),
    localDelivery: reader.choice(SETTINGS.LAYOVER_LOCAL_DELIVERY),
    blobReadersPerNode: reader.integer(SETTINGS.LAYOVER_BLOB_READERS_PER_NODE),
    offload: readOffload(reader, home),
    publicUrl: reader.parsed(SETTINGS.LAYOVER_PUBLIC_URL, parsePublicUrl),
    organizationHosts: reader.parsed(SETTINGS.LAYOVER_ORGANIZATION_HOSTS, parseOrganizationHosts),
    drainSeconds: readEdgeDrainSeconds(reader),
    clientIdleSeconds: reader.integer(SETTINGS.LAYOVER_CLIENT_IDLE_SECONDS),
    resumeSeconds: reader.integer(SETTINGS.LAYOVER_RESUME_SECONDS),
    tracing: readTracing(reader, 'edge'),
    logLevel: reader.choice(SETTINGS.LAYOVER_LOG_LEVEL),
  };
  return { ...config, warnings: reader.done() };
}

/** Reads the configuration from the environment of this process. */
export function configFromEnvironment(): EdgeConfig {
  return readEdgeConfig(process.env);
}

function readOffload(reader: SettingsReader, { blobs, copies }: Home): OffloadSettings | undefined {
  const secret = reader.parsed(SETTINGS.LAYOVER_EDGE_OFFLOAD_SECRET, parseOffloadSecret);
  const folders = reader.parsed(SETTINGS.LAYOVER_EDGE_OFFLOAD_FOLDERS, parseOffloadFolders) ?? [
    { name: 'blobs', folder: blobs },
    { name: 'copies', folder: copies },
  ];
  if (reader.choice(SETTINGS.LAYOVER_EDGE_OFFLOAD) === 'off') return undefined;
  if (secret !== undefined) return { secret, folders };
  if (!reader.isSet(SETTINGS.LAYOVER_EDGE_OFFLOAD_SECRET))
    reader.problem(SETTINGS.LAYOVER_EDGE_OFFLOAD, 'requires LAYOVER_EDGE_OFFLOAD_SECRET, which is not set');
  return undefined;
}

function parsePublicUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!plain || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  return url.href.replace(/\/+$/, '');
}
