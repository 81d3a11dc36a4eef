import { SETTINGS } from '../configuration/settings';
import type { SettingsReader } from '../configuration/settings-reader';
import type { PlaneName } from '../runtime/plane-name';

/**
 * Which traces are recorded. `ratio` is the share of traces that start here, 0 to 1. With
 * `followsCaller`, a trace that a caller started is recorded if the caller records it.
 */
export interface Sampling {
  readonly ratio: number;
  readonly followsCaller: boolean;
}

/** Where traces are sent. The headers may contain a token: never logged as a whole. */
export interface TracingConfig {
  /** URL of a receiver of OTLP over HTTP in JSON. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly sampling: Sampling;
}

/**
 * Reads the variables of the OpenTelemetry specification ("Environment Variable Specification")
 * that apply to Layover; docs/configuration.md lists them. Returns undefined if no endpoint is set
 * or tracing is disabled. The default service name is `layover-<plane>`.
 */
export function readTracing(reader: SettingsReader, plane: PlaneName): TracingConfig | undefined {
  const url = readEndpoint(reader);
  const headers = readHeaders(reader);
  const sampling = readSampling(reader);
  const serviceName = reader.text(SETTINGS.OTEL_SERVICE_NAME) ?? `layover-${plane}`;
  const disabled = reader.boolean(SETTINGS.OTEL_SDK_DISABLED);
  return url === undefined || disabled ? undefined : { url, headers, serviceName, sampling };
}

function readEndpoint(reader: SettingsReader): string | undefined {
  const own = reader.parsed(SETTINGS.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, parseUrl);
  const common = reader.parsed(SETTINGS.OTEL_EXPORTER_OTLP_ENDPOINT, parseUrl);
  if (own !== undefined) return own.href;
  if (common === undefined) return undefined;
  common.pathname = `${common.pathname.replace(/\/+$/, '')}/v1/traces`;
  return common.href;
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? new URL(text) : undefined;
}

function readHeaders(reader: SettingsReader): Readonly<Record<string, string>> {
  const setting = reader.isSet(SETTINGS.OTEL_EXPORTER_OTLP_TRACES_HEADERS)
    ? SETTINGS.OTEL_EXPORTER_OTLP_TRACES_HEADERS
    : SETTINGS.OTEL_EXPORTER_OTLP_HEADERS;
  return reader.parsed(setting, parseHeaders) ?? {};
}

function parseHeaders(text: string): Readonly<Record<string, string>> | undefined {
  const headers: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [, key, value] = /^\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (key === undefined || value === undefined) return undefined;
    try {
      headers[key] = decodeURIComponent(value);
    } catch {
      return undefined;
    }
  }
  return headers;
}

function readSampling(reader: SettingsReader): Sampling {
  const sampler = reader.choice(SETTINGS.OTEL_TRACES_SAMPLER);
  const ratio = reader.parsed(SETTINGS.OTEL_TRACES_SAMPLER_ARG, parseRatio);
  const kept = sampler.endsWith('always_on') ? 1 : sampler.endsWith('always_off') ? 0 : ratio;
  return { ratio: kept, followsCaller: sampler.startsWith('parentbased_') };
}

function parseRatio(text: string): number | undefined {
  return /^(?:0|1|0?\.\d+|[01]\.\d+)$/.test(text) && Number(text) <= 1 ? Number(text) : undefined;
}
