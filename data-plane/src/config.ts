import { hostname } from 'node:os';
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { readHome } from '../../common/configuration/read-home';
import { SETTINGS } from '../../common/configuration/settings';
import { SettingsReader } from '../../common/configuration/settings-reader';
import type { RawEnvironment } from '../../common/runtime/env';
import { type Home, MAX_SOCKET_PATH_BYTES } from '../../common/runtime/home';
import { type ListenAddress, parseListenAddress, parseListenAddresses } from '../../common/runtime/listen-address';
import type { LogLevel } from '../../common/runtime/log-level';
import { parseMasterKey, parseMasterKeys } from '../../common/security/master-key';
import { type PlaneSecurityConfig, readPlaneSecurity } from '../../common/security/plane-security-config';
import type { AuthorityFiles } from '../../common/security/trusted-authorities';
import { readTracing, type TracingConfig } from '../../common/tracing/tracing-config';
import { hasValidUserinfo } from './upstream/http/proxy-rules';
import type { ProxySettings } from './upstream/options';
import { type BucketAddress, parseBucketAddress, parseEmulatorHost } from './store/gcs/bucket-address';

/**
 * The complete configuration of a data plane. Times are in milliseconds, sizes in bytes. Contains
 * secrets, so it must never be logged as a whole.
 */
export interface DataPlaneConfig {
  readonly home: Home;
  /** Where the Registry service listens. */
  readonly listen: ListenAddress;
  /** Where edges read the bytes of blobs; undefined = bytes are sent over gRPC only. */
  readonly bytesListen: ListenAddress | undefined;
  /** Address of /metrics, /healthz and /readyz; undefined = they are not served. */
  readonly httpListen: ListenAddress | undefined;
  /** Where the Catalog of the control plane listens. */
  readonly catalog: ListenAddress;
  /**
   * All data planes including this one, in the same form as for edges; empty = there is only this
   * one.
   */
  readonly dataPlanes: readonly ListenAddress[];
  /** How the planes identify each other. */
  readonly planeSecurity: PlaneSecurityConfig;
  /** Folder of the directory store. */
  readonly blobFolder: string;
  /**
   * Bucket that stores blobs instead of the folder. `emulator` is the origin of a Cloud Storage
   * emulator.
   */
  readonly bucket: (BucketAddress & { readonly emulator: string | undefined }) | undefined;
  /** Bytes that fills and local copies leave free on the disk with the spool. */
  readonly diskReserveBytes: number;
  /** Maximum total size of the local copies of blobs in the bucket; 0 = no copies. */
  readonly localCacheBytes: number;
  /** How fast and how often stored files are checked; undefined = they are not. */
  readonly checks: { readonly bytesPerSecond: number; readonly intervalMs: number } | undefined;
  /** Validity of the signed URLs that clients are redirected to; undefined = no redirects. */
  readonly redirectMs: number | undefined;
  /** 32 bytes; undefined = the key in the home. */
  readonly masterKey: Buffer | undefined;
  /** Earlier keys, which can still decrypt what they encrypted. */
  readonly previousMasterKeys: readonly Buffer[];
  /** CIDRs of private networks in which upstreams are allowed. */
  readonly allowedNetworks: readonly string[];
  readonly proxy: ProxySettings;
  /** Where the certificates of authorities are that upstreams may use. */
  readonly authorities: AuthorityFiles;
  /** How long running requests may continue when the plane stops. */
  readonly drainMs: number;
  /**
   * How long the start waits for a configuration. Without one, the plane then accepts requests
   * anyway.
   */
  readonly configurationWaitMs: number;
  /** Oldest configuration with which public organizations are served to everyone. */
  readonly anonymousMaxAgeMs: number;
  /** Destination of traces; undefined = no traces. */
  readonly tracing: TracingConfig | undefined;
  readonly logLevel: LogLevel;
  /** Name of this data plane in logs and reports. */
  readonly nodeName: string;
  readonly upstream: {
    readonly connectMs: number;
    readonly headersMs: number;
    readonly blobHeadersMs: number;
    readonly bodyMs: number;
    readonly operationMs: number;
    readonly connectionsPerOrigin: number;
  };
  readonly fills: {
    /** Maximum number of fills from one upstream host at the same time. */
    readonly perUpstream: number;
    /** How long a fill may continue after its last client has left. */
    readonly maxFillSeconds: number;
  };
  readonly completion: { readonly concurrency: number; readonly maxWaiting: number; readonly delayMs: number };
  /** From the fetch of a manifest to that of its artifacts, in milliseconds. */
  readonly artifactDelayMs: number;
  /** Memory for cached manifests. */
  readonly manifestMemoryBytes: number;
  /** Warnings to log at start, about variables with unknown names, which have no effect. */
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration from environment variables. Throws a ConfigurationError that names every
 * problem.
 */
export function readDataPlaneConfig(env: RawEnvironment): DataPlaneConfig {
  const reader = new SettingsReader(env);
  const home = readHome(reader);
  const listen = reader.parsed(SETTINGS.LAYOVER_DATA_LISTEN, parseListenAddress) ?? unixSocket(home.dataSocket);
  const catalog = reader.parsed(SETTINGS.LAYOVER_CATALOG, parseListenAddress) ?? unixSocket(home.catalogSocket);
  const dataPlanes = reader.parsed(SETTINGS.LAYOVER_DATA_PLANES, parseListenAddresses) ?? [];
  const bytesListen = readBytesListen(reader, listen);
  const isGiven = reader.isSet(SETTINGS.LAYOVER_DATA_BYTES_LISTEN);
  const config = {
    home,
    listen,
    bytesListen,
    httpListen: reader.parsed(SETTINGS.LAYOVER_DATA_HTTP_LISTEN, parseListenAddress),
    catalog,
    dataPlanes,
    planeSecurity: readPlaneSecurity(
      reader,
      'data-plane',
      [
        { setting: SETTINGS.LAYOVER_DATA_LISTEN, addresses: [listen] },
        // The default is an address beside the other one, with the same problems.
        { setting: SETTINGS.LAYOVER_DATA_BYTES_LISTEN, addresses: isGiven && bytesListen ? [bytesListen] : [] },
      ],
      [
        { setting: SETTINGS.LAYOVER_CATALOG, addresses: [catalog] },
        { setting: SETTINGS.LAYOVER_DATA_PLANES, addresses: dataPlanes },
      ],
    ),
    ...readBlobStore(reader, home),
    diskReserveBytes: reader.integer(SETTINGS.LAYOVER_DISK_RESERVE_BYTES),
    localCacheBytes: reader.integer(SETTINGS.LAYOVER_LOCAL_CACHE_BYTES),
    checks: readChecks(reader),
    masterKey: reader.parsed(SETTINGS.LAYOVER_MASTER_KEY, parseMasterKey),
    previousMasterKeys: reader.parsed(SETTINGS.LAYOVER_MASTER_KEY_PREVIOUS, parseMasterKeys) ?? [],
    allowedNetworks: readNetworks(reader),
    proxy: {
      httpsProxy: reader.parsed(SETTINGS.HTTPS_PROXY, parseProxy),
      httpProxy: reader.parsed(SETTINGS.HTTP_PROXY, parseProxy),
      noProxy: reader.text(SETTINGS.NO_PROXY),
      names: reader.choice(SETTINGS.LAYOVER_UPSTREAM_PROXY_NAMES),
    },
    authorities: {
      bundle: reader.text(SETTINGS.SSL_CERT_FILE),
      folders: (reader.text(SETTINGS.SSL_CERT_DIR) ?? '').split(':').filter((folder) => folder !== ''),
      extra: reader.text(SETTINGS.NODE_EXTRA_CA_CERTS),
    },
    drainMs: reader.integer(SETTINGS.LAYOVER_DRAIN_SECONDS) * 1000,
    configurationWaitMs: reader.integer(SETTINGS.LAYOVER_CONFIGURATION_WAIT_SECONDS) * 1000,
    anonymousMaxAgeMs: reader.integer(SETTINGS.LAYOVER_ANONYMOUS_MAX_AGE_SECONDS) * 1000,
    tracing: readTracing(reader, 'data-plane'),
    logLevel: reader.choice(SETTINGS.LAYOVER_LOG_LEVEL),
    nodeName: reader.parsed(SETTINGS.LAYOVER_NODE_NAME, readNodeName) ?? defaultNodeName(),
    upstream: {
      connectMs: reader.integer(SETTINGS.LAYOVER_UPSTREAM_CONNECT_SECONDS) * 1000,
      headersMs: reader.integer(SETTINGS.LAYOVER_UPSTREAM_HEADERS_SECONDS) * 1000,
      blobHeadersMs: reader.integer(SETTINGS.LAYOVER_UPSTREAM_BLOB_HEADERS_SECONDS) * 1000,
      bodyMs: reader.integer(SETTINGS.LAYOVER_UPSTREAM_STALL_SECONDS) * 1000,
      operationMs: reader.integer(SETTINGS.LAYOVER_UPSTREAM_OPERATION_SECONDS) * 1000,
      connectionsPerOrigin: reader.integer(SETTINGS.LAYOVER_UPSTREAM_CONNECTIONS),
    },
    fills: {
      perUpstream: reader.integer(SETTINGS.LAYOVER_FILLS_PER_UPSTREAM),
      maxFillSeconds: reader.integer(SETTINGS.LAYOVER_MAX_FILL_SECONDS),
    },
    completion: {
      concurrency: reader.integer(SETTINGS.LAYOVER_COMPLETION_CONCURRENCY),
      delayMs: reader.integer(SETTINGS.LAYOVER_COMPLETION_DELAY_SECONDS) * 1000,
      maxWaiting: 10_000,
    },
    artifactDelayMs: reader.integer(SETTINGS.LAYOVER_ARTIFACT_DELAY_SECONDS) * 1000,
    manifestMemoryBytes: reader.integer(SETTINGS.LAYOVER_MANIFEST_MEMORY_BYTES),
  };
  return { ...config, warnings: reader.done() };
}

/** Reads the configuration from the environment of this process. */
export function configFromEnvironment(): DataPlaneConfig {
  return readDataPlaneConfig(process.env);
}

function unixSocket(path: string): ListenAddress {
  return { kind: 'unix', path };
}

/** Reads where the byte channel listens; undefined = nowhere. */
function readBytesListen(reader: SettingsReader, listen: ListenAddress): ListenAddress | undefined {
  const setting = SETTINGS.LAYOVER_DATA_BYTES_LISTEN;
  const given = reader.parsed(setting, (text) => (text === 'off' ? 'off' : parseListenAddress(text)));
  if (given === undefined) return besides(listen);
  if (given === 'off') return undefined;
  if (given.kind !== listen.kind)
    reader.problem(
      setting,
      'must be a Unix socket if LAYOVER_DATA_LISTEN is one, and <host>:<port> otherwise: edges reach both in the same way',
    );
  return given;
}

/**
 * Returns the default address of the byte channel: any free port, or a socket beside the other one
 * if its path is not too long.
 */
function besides(listen: ListenAddress): ListenAddress | undefined {
  if (listen.kind === 'tcp') return { ...listen, port: 0 };
  const path = `${listen.path.replace(/\.sock$/, '')}-bytes.sock`;
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES ? unixSocket(path) : undefined;
}

function readBlobStore(
  reader: SettingsReader,
  home: Home,
): Pick<DataPlaneConfig, 'blobFolder' | 'bucket' | 'redirectMs'> {
  const isBucket = reader.text(SETTINGS.LAYOVER_BLOB_STORE)?.startsWith('gs://') ?? false;
  // The emulator is read even if the address of the bucket is invalid, so that all problems are
  // reported at once.
  const emulator = isBucket ? reader.parsed(SETTINGS.STORAGE_EMULATOR_HOST, parseEmulatorHost) : undefined;
  const store = reader.parsed(SETTINGS.LAYOVER_BLOB_STORE, parseBlobStore) ?? { folder: home.blobs };
  const redirectMs = readRedirect(reader, isBucket);
  return 'folder' in store
    ? { blobFolder: store.folder, bucket: undefined, redirectMs }
    : { blobFolder: home.blobs, bucket: { ...store, emulator }, redirectMs };
}

/** Parses LAYOVER_BLOB_STORE: a folder or a bucket. Returns undefined if the text is neither. */
function parseBlobStore(text: string): { readonly folder: string } | BucketAddress | undefined {
  if (!text.startsWith('file:')) return parseBucketAddress(text);
  const folder = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  return folder === '' ? undefined : { folder: resolve(folder) };
}

function readChecks(reader: SettingsReader): DataPlaneConfig['checks'] {
  const bytesPerSecond = reader.integer(SETTINGS.LAYOVER_CHECK_BYTES_PER_SECOND);
  const intervalMs = reader.integer(SETTINGS.LAYOVER_CHECK_INTERVAL_SECONDS) * 1000;
  return bytesPerSecond === 0 ? undefined : { bytesPerSecond, intervalMs };
}

function readRedirect(reader: SettingsReader, isBucket: boolean): number | undefined {
  const seconds = reader.integer(SETTINGS.LAYOVER_REDIRECT_SECONDS);
  if (reader.choice(SETTINGS.LAYOVER_REDIRECT) === 'off') return undefined;
  if (!isBucket)
    reader.problem(
      SETTINGS.LAYOVER_REDIRECT,
      'can be "on" only if LAYOVER_BLOB_STORE is a bucket (gs://<bucket>[/<prefix>])',
    );
  return seconds * 1000;
}

function readNetworks(reader: SettingsReader): readonly string[] {
  const setting = SETTINGS.LAYOVER_UPSTREAM_ALLOWED_NETWORKS;
  const networks = (reader.text(setting) ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  for (const network of networks.filter((text) => !ipaddr.isValidCIDR(text)))
    reader.problem(setting, `must be ${setting.format}; ${JSON.stringify(network)} is not a CIDR`);
  return networks;
}

function parseProxy(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && hasValidUserinfo(url) ? text : undefined;
}

function readNodeName(text: string): string | undefined {
  return /^[A-Za-z0-9._-]{1,128}$/.test(text) ? text : undefined;
}

function defaultNodeName(): string {
  return readNodeName(hostname()) ?? 'data-plane';
}
