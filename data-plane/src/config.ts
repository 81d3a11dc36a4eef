import { hostname } from 'node:os';
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { EnvReader, type RawEnvironment } from '../../common/runtime/env';
import { type Home, homeAt } from '../../common/runtime/home';
import { type ListenAddress, parseListenAddress, parseListenAddresses } from '../../common/runtime/listen-address';
import { LOG_LEVELS, type LogLevel } from '../../common/runtime/logger';
import { parseMasterKey, parseMasterKeys } from '../../common/security/master-key';
import { type PlaneSecurityConfig, readPlaneSecurity } from '../../common/security/plane-security-config';
import { readTracing, type TracingConfig } from '../../common/tracing/tracing-config';
import { type BucketAddress, parseBucketAddress, parseEmulatorHost } from './store/gcs/bucket-address';

/** Everything that a data plane can be told. Milliseconds and bytes throughout. Holds secrets: never logged whole. */
export interface DataPlaneConfig {
  readonly home: Home;
  /** Where the Registry service listens. */
  readonly listen: ListenAddress;
  /** Where /metrics, /healthz and /readyz are answered; undefined = nowhere. */
  readonly httpListen: ListenAddress | undefined;
  /** Where the control plane's Catalog is. */
  readonly catalog: ListenAddress;
  /** All data planes, this one included, as edges are told of them; empty = this is the only one, or is not told of others. */
  readonly dataPlanes: readonly ListenAddress[];
  /** How this plane and the others know each other. */
  readonly planeSecurity: PlaneSecurityConfig;
  /** Folder of the directory store. */
  readonly blobFolder: string;
  /** Bucket that blobs are kept in, in place of the folder; `emulator` is the origin of one that is not Cloud Storage. */
  readonly bucket: (BucketAddress & { readonly emulator: string | undefined }) | undefined;
  /** What local copies of a bucket's blobs may have in all; 0 = there are none. */
  readonly localCacheBytes: number;
  /** How long URLs of the bucket are good to which clients are sent, in milliseconds; undefined = all bytes come from Layover. */
  readonly redirectMs: number | undefined;
  /** 32 bytes; undefined = the one kept in the home. */
  readonly masterKey: Buffer | undefined;
  /** Keys that still open what they sealed. */
  readonly previousMasterKeys: readonly Buffer[];
  /** CIDRs of private networks that upstreams may be in. */
  readonly allowedNetworks: readonly string[];
  readonly proxy: { readonly httpsProxy?: string; readonly httpProxy?: string; readonly noProxy?: string };
  /** How long requests that run may take to end when the plane stops. */
  readonly drainMs: number;
  /** How long the start waits for a configuration before it accepts requests without one. */
  readonly configurationWaitMs: number;
  /** Where traces go; undefined = nothing is traced. */
  readonly tracing: TracingConfig | undefined;
  readonly logLevel: LogLevel;
  /** Name of this data plane, for the control plane's logs. */
  readonly nodeName: string;
  readonly upstream: {
    readonly connectMs: number;
    readonly headersMs: number;
    readonly bodyMs: number;
    readonly operationMs: number;
    readonly connectionsPerOrigin: number;
  };
  readonly fills: {
    /** At a time, for one upstream host. */
    readonly perUpstream: number;
    /** How long a fill may go on after its last client has left. */
    readonly maxFillSeconds: number;
  };
  readonly completion: { readonly concurrency: number; readonly maxWaiting: number; readonly delayMs: number };
  /** Manifests that are kept in memory. */
  readonly manifestMemoryBytes: number;
}

/**
 * Reads a data plane's configuration. Throws a ConfigurationError that names every problem at once.
 *
 * | variable | default | meaning |
 * |---|---|---|
 * | LAYOVER_HOME | ./.layover | all files below it |
 * | LAYOVER_DATA_LISTEN | unix:$LAYOVER_HOME/run/data.sock | `unix:<path>` or `host:port` |
 * | LAYOVER_DATA_HTTP_LISTEN | none | /metrics, /healthz and /readyz over HTTP: `unix:<path>` or `host:port` |
 * | LAYOVER_CATALOG | unix:$LAYOVER_HOME/run/catalog.sock | the control plane's Catalog |
 * | LAYOVER_DATA_PLANES | none | all data planes, this one included: a list of `unix:<path>` and `host:port`, where a host may have several addresses |
 * | LAYOVER_PLANE_TLS_CERT, LAYOVER_PLANE_TLS_KEY, LAYOVER_PLANE_TLS_CA, LAYOVER_PLANE_TLS_DOMAIN | none, layover.internal | mutual TLS between the planes: docs/security.md |
 * | LAYOVER_PLANE_SECRET, LAYOVER_PLANE_SECRET_PREVIOUS | none | what planes know each other by on a private network |
 * | LAYOVER_BLOB_STORE | file:$LAYOVER_HOME/blobs | `file:<folder>` or `gs://<bucket>[/<prefix>]` |
 * | STORAGE_EMULATOR_HOST | none | `http://host:port` of an emulator in place of Cloud Storage, asked without credentials |
 * | LAYOVER_LOCAL_CACHE_BYTES | 10737418240 | local copies of what the bucket holds; 0: none |
 * | LAYOVER_REDIRECT | off | `on`, with a bucket: clients get large blobs from it, by signed URLs |
 * | LAYOVER_REDIRECT_SECONDS | 600 | for which such a URL is good |
 * | LAYOVER_MASTER_KEY | kept in the home | 32 bytes, base64 |
 * | LAYOVER_MASTER_KEY_PREVIOUS | none | keys before it, comma-separated |
 * | LAYOVER_UPSTREAM_ALLOWED_NETWORKS | none | CIDRs, comma-separated |
 * | HTTPS_PROXY, HTTP_PROXY, NO_PROXY | none | the way out; lower case is read too, and wins |
 * | LAYOVER_DRAIN_SECONDS | 30 | for requests that run when the plane stops |
 * | LAYOVER_LOG_LEVEL | info | |
 * | OTEL_EXPORTER_OTLP_ENDPOINT and others | none | traces: common/tracing/tracing-config.ts |
 * | LAYOVER_NODE_NAME | the host's name | |
 * | LAYOVER_CONFIGURATION_WAIT_SECONDS | 5 | start-up waits so long for a configuration |
 * | LAYOVER_UPSTREAM_CONNECT_SECONDS | 5 | name, TCP and TLS |
 * | LAYOVER_UPSTREAM_HEADERS_SECONDS | 30 | from request to response headers |
 * | LAYOVER_UPSTREAM_STALL_SECONDS | 30 | without a byte of a body |
 * | LAYOVER_UPSTREAM_OPERATION_SECONDS | 60 | a whole small request, token and redirects included |
 * | LAYOVER_UPSTREAM_CONNECTIONS | 64 | to one host |
 * | LAYOVER_FILLS_PER_UPSTREAM | 16 | blobs fetched at a time from one host |
 * | LAYOVER_MAX_FILL_SECONDS | 3600 | one blob, after its last client has left |
 * | LAYOVER_COMPLETION_CONCURRENCY | 4 | blobs completed at a time in the background |
 * | LAYOVER_COMPLETION_DELAY_SECONDS | 2 | head start of the client |
 * | LAYOVER_MANIFEST_MEMORY_BYTES | 67108864 | hot manifests |
 */
export function readDataPlaneConfig(env: RawEnvironment): DataPlaneConfig {
  const reader = new EnvReader(env);
  const home = homeAt(reader.text('LAYOVER_HOME') ?? '.layover');
  const address = (name: string, path: string): ListenAddress =>
    reader.parsed(name, { kind: 'unix', path }, parseListenAddress, '"unix:<path>" or "host:port"');
  const seconds = (name: string, fallback: number, min: number, max: number): number =>
    reader.integer(name, fallback, min, max) * 1000;
  const either = (name: string): string | undefined => reader.text(name.toLowerCase()) ?? reader.text(name);
  const listen = address('LAYOVER_DATA_LISTEN', home.dataSocket);
  const catalog = address('LAYOVER_CATALOG', home.catalogSocket);
  const dataPlanes = reader.parsed<readonly ListenAddress[]>(
    'LAYOVER_DATA_PLANES',
    [],
    parseListenAddresses,
    'a comma-separated list of host:port or unix:<path>',
  );
  const config: DataPlaneConfig = {
    home,
    listen,
    httpListen: reader.parsed<ListenAddress | undefined>(
      'LAYOVER_DATA_HTTP_LISTEN',
      undefined,
      parseListenAddress,
      '"unix:<path>" or "host:port"',
    ),
    catalog,
    dataPlanes,
    planeSecurity: readPlaneSecurity(
      reader,
      'data-plane',
      { LAYOVER_DATA_LISTEN: listen },
      { LAYOVER_CATALOG: [catalog], LAYOVER_DATA_PLANES: dataPlanes },
    ),
    ...readBlobStore(reader, home),
    redirectMs: readRedirect(reader),
    localCacheBytes: reader.integer('LAYOVER_LOCAL_CACHE_BYTES', 10 * 1024 ** 3, 0, 2 ** 50),
    masterKey: reader.parsed<Buffer | undefined>(
      'LAYOVER_MASTER_KEY',
      undefined,
      parseMasterKey,
      '32 bytes in base64',
      true,
    ),
    previousMasterKeys: reader.parsed<readonly Buffer[]>(
      'LAYOVER_MASTER_KEY_PREVIOUS',
      [],
      parseMasterKeys,
      'keys of 32 bytes in base64, separated by commas',
      true,
    ),
    allowedNetworks: readNetworks(reader),
    proxy: {
      httpsProxy: readProxy(reader, 'HTTPS_PROXY'),
      httpProxy: readProxy(reader, 'HTTP_PROXY'),
      noProxy: either('NO_PROXY'),
    },
    drainMs: seconds('LAYOVER_DRAIN_SECONDS', 30, 0, 3600),
    configurationWaitMs: seconds('LAYOVER_CONFIGURATION_WAIT_SECONDS', 5, 0, 300),
    tracing: readTracing(reader, 'data-plane'),
    logLevel: reader.choice('LAYOVER_LOG_LEVEL', 'info', LOG_LEVELS),
    nodeName: reader.parsed(
      'LAYOVER_NODE_NAME',
      defaultNodeName(),
      readNodeName,
      '1 to 128 characters of A-Z a-z 0-9 . _ -',
    ),
    upstream: {
      connectMs: seconds('LAYOVER_UPSTREAM_CONNECT_SECONDS', 5, 1, 300),
      headersMs: seconds('LAYOVER_UPSTREAM_HEADERS_SECONDS', 30, 1, 3600),
      bodyMs: seconds('LAYOVER_UPSTREAM_STALL_SECONDS', 30, 1, 3600),
      operationMs: seconds('LAYOVER_UPSTREAM_OPERATION_SECONDS', 60, 1, 3600),
      connectionsPerOrigin: reader.integer('LAYOVER_UPSTREAM_CONNECTIONS', 64, 1, 10_000),
    },
    fills: {
      perUpstream: reader.integer('LAYOVER_FILLS_PER_UPSTREAM', 16, 1, 10_000),
      maxFillSeconds: reader.integer('LAYOVER_MAX_FILL_SECONDS', 3600, 1, 7 * 86_400),
    },
    completion: {
      concurrency: reader.integer('LAYOVER_COMPLETION_CONCURRENCY', 4, 1, 1000),
      delayMs: seconds('LAYOVER_COMPLETION_DELAY_SECONDS', 2, 0, 3600),
      maxWaiting: 10_000,
    },
    manifestMemoryBytes: reader.integer('LAYOVER_MANIFEST_MEMORY_BYTES', 64 * 1024 * 1024, 1024 * 1024, 2 ** 40),
  };
  reader.done();
  return config;
}

/** The configuration of this process. */
export function configFromEnvironment(): DataPlaneConfig {
  return readDataPlaneConfig(process.env);
}

function readBlobStore(reader: EnvReader, home: Home): Pick<DataPlaneConfig, 'blobFolder' | 'bucket'> {
  const text = reader.text('LAYOVER_BLOB_STORE') ?? `file:${home.blobs}`;
  if (text.startsWith('gs://')) return { blobFolder: home.blobs, bucket: readBucket(reader, text) };
  if (text.startsWith('file:') && text.length > 'file:'.length) {
    return { blobFolder: resolve(text.slice('file:'.length).replace(/^\/\/(?=\/)/, '')), bucket: undefined };
  }
  reader.problem(
    'LAYOVER_BLOB_STORE',
    `must be "file:<folder>" or "gs://<bucket>[/<prefix>]", not ${JSON.stringify(text)}`,
  );
  return { blobFolder: home.blobs, bucket: undefined };
}

function readBucket(reader: EnvReader, text: string): DataPlaneConfig['bucket'] {
  const emulator = reader.parsed<string | undefined>(
    'STORAGE_EMULATOR_HOST',
    undefined,
    parseEmulatorHost,
    '"http://host:port" of an emulator',
  );
  const address = parseBucketAddress(text);
  if (address !== undefined) return { ...address, emulator };
  reader.problem('LAYOVER_BLOB_STORE', `must name a bucket as "gs://<bucket>[/<prefix>]", not ${JSON.stringify(text)}`);
  return undefined;
}

/** Minutes, since whoever sees such a URL may read the blob; at most the 12 hours for which IAM's own signatures are good. */
function readRedirect(reader: EnvReader): number | undefined {
  const seconds = reader.integer('LAYOVER_REDIRECT_SECONDS', 600, 60, 12 * 3600);
  if (reader.choice('LAYOVER_REDIRECT', 'off', ['off', 'on'] as const) === 'off') return undefined;
  if (!(reader.text('LAYOVER_BLOB_STORE') ?? '').startsWith('gs://'))
    reader.problem(
      'LAYOVER_REDIRECT',
      'can be "on" only where LAYOVER_BLOB_STORE is a bucket (gs://<bucket>[/<prefix>])',
    );
  return seconds * 1000;
}

function readNetworks(reader: EnvReader): readonly string[] {
  const networks = (reader.text('LAYOVER_UPSTREAM_ALLOWED_NETWORKS') ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  for (const network of networks.filter((text) => !ipaddr.isValidCIDR(text))) {
    reader.problem(
      'LAYOVER_UPSTREAM_ALLOWED_NETWORKS',
      `must be CIDRs such as 10.0.0.0/8, separated by commas; ${JSON.stringify(network)} is none`,
    );
  }
  return networks;
}

/** A proxy's URL may hold a password, so a bad one is not repeated. */
function readProxy(reader: EnvReader, name: string): string | undefined {
  const used = reader.text(name.toLowerCase()) === undefined ? name : name.toLowerCase();
  const parse = (text: string): string | undefined =>
    URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined;
  return reader.parsed<string | undefined>(used, undefined, parse, 'the http:// or https:// URL of a proxy', true);
}

function readNodeName(text: string): string | undefined {
  return /^[A-Za-z0-9._-]{1,128}$/.test(text) ? text : undefined;
}

function defaultNodeName(): string {
  return readNodeName(hostname()) ?? 'data-plane';
}
