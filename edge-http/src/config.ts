import { EnvReader, type RawEnvironment } from '../../common/runtime/env';
import { homeAt } from '../../common/runtime/home';
import { type ListenAddress, parseListenAddress, parseListenAddresses } from '../../common/runtime/listen-address';
import { LOG_LEVELS, type LogLevel } from '../../common/runtime/logger';
import { type PlaneSecurityConfig, readPlaneSecurity } from '../../common/security/plane-security-config';
import { readTlsVariables } from '../../common/security/tls-config';
import type { TlsFiles } from '../../common/security/tls-files';
import { readTracing, type TracingConfig } from '../../common/tracing/tracing-config';
import type { LocalDelivery } from './registry/grpc/data-plane';
import { parseTrustedProxies, type TrustedProxies } from './request/trusted-proxies';

/** Everything that an edge can be told (architecture section 11). */
export interface EdgeConfig {
  /** LAYOVER_EDGE_LISTEN. */
  readonly listen: ListenAddress;
  /**
   * LAYOVER_EDGE_METRICS_LISTEN: where /metrics (and /healthz and /readyz) are answered over plain HTTP, beside the registry. Undefined = /metrics is the registry's, for
   * clients on this machine alone.
   */
  readonly metricsListen: ListenAddress | undefined;
  /** LAYOVER_EDGE_TLS_CERT and LAYOVER_EDGE_TLS_KEY; undefined = plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** LAYOVER_TRUSTED_PROXIES: whose word about the client is taken. Undefined = nobody's. */
  readonly trustedProxies: TrustedProxies | undefined;
  /** How this plane and the others know each other. */
  readonly planeSecurity: PlaneSecurityConfig;
  /** LAYOVER_DATA_PLANES; at least one. A name stands for all its addresses. Default: the socket in LAYOVER_HOME. */
  readonly dataPlanes: readonly ListenAddress[];
  /** LAYOVER_LOCAL_DELIVERY. */
  readonly localDelivery: LocalDelivery;
  /** LAYOVER_PUBLIC_URL: where clients reach Layover, without a slash at the end. Undefined = what each client used. */
  readonly publicUrl: string | undefined;
  /** LAYOVER_DRAIN_SECONDS. */
  readonly drainSeconds: number;
  /**
   * LAYOVER_CLIENT_IDLE_SECONDS: a client that takes nothing of a body for this long is given up. Linux shows that a slow client took something only after some
   * 1.7 MB (its send buffer), half an hour at 1 KB/s: so the default is an hour. Peers that are gone are found by TCP itself.
   */
  readonly clientIdleSeconds: number;
  /** OTEL_…: where traces go; undefined = nothing is traced. */
  readonly tracing: TracingConfig | undefined;
  /** LAYOVER_LOG_LEVEL. */
  readonly logLevel: LogLevel;
}

/** Reads an environment. Throws a ConfigurationError with every problem at once. */
export function readEdgeConfig(env: RawEnvironment): EdgeConfig {
  const reader = new EnvReader(env);
  const home = homeAt(reader.text('LAYOVER_HOME') ?? './.layover');
  const address = 'host:port or unix:<path>';
  const dataPlanes = reader.parsed<readonly ListenAddress[]>(
    'LAYOVER_DATA_PLANES',
    [{ kind: 'unix', path: home.dataSocket }],
    parseListenAddresses,
    `a comma-separated list of ${address}`,
  );
  const config: EdgeConfig = {
    listen: reader.parsed<ListenAddress>(
      'LAYOVER_EDGE_LISTEN',
      { kind: 'tcp', host: '127.0.0.1', port: 8080 },
      parseListenAddress,
      address,
    ),
    metricsListen: reader.parsed<ListenAddress | undefined>(
      'LAYOVER_EDGE_METRICS_LISTEN',
      undefined,
      parseListenAddress,
      address,
    ),
    tls: readTlsVariables(reader, 'LAYOVER_EDGE_TLS').files,
    trustedProxies: reader.parsed<TrustedProxies | undefined>(
      'LAYOVER_TRUSTED_PROXIES',
      undefined,
      parseTrustedProxies,
      'CIDRs such as 10.0.0.0/8, separated by commas, or "unix" for a proxy that comes over a unix socket',
    ),
    dataPlanes,
    planeSecurity: readPlaneSecurity(reader, 'edge', {}, { LAYOVER_DATA_PLANES: dataPlanes }),
    localDelivery: reader.choice('LAYOVER_LOCAL_DELIVERY', 'auto', ['auto', 'on', 'off']),
    publicUrl: reader.parsed<string | undefined>(
      'LAYOVER_PUBLIC_URL',
      undefined,
      parsePublicUrl,
      'an http or https URL without user, query or fragment',
    ),
    drainSeconds: reader.integer('LAYOVER_DRAIN_SECONDS', 30, 0, 86_400),
    clientIdleSeconds: reader.integer('LAYOVER_CLIENT_IDLE_SECONDS', 3600, 1, 86_400),
    tracing: readTracing(reader, 'edge'),
    logLevel: reader.choice('LAYOVER_LOG_LEVEL', 'info', LOG_LEVELS),
  };
  reader.done();
  return config;
}

/** The configuration in this process's environment. */
export function configFromEnvironment(): EdgeConfig {
  return readEdgeConfig(process.env);
}

function parsePublicUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!plain || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  return url.href.replace(/\/+$/, '');
}
