import type { EnvReader } from '../runtime/env';
import type { PlaneName } from '../security/plane-names';

/** Which traces that begin here are kept: none (0) to all (1); `followsCaller`: one that goes on here is kept when its caller keeps it. */
export interface Sampling {
  readonly ratio: number;
  readonly followsCaller: boolean;
}

/** Where traces go. Headers may hold a token: never logged whole. */
export interface TracingConfig {
  /** Takes OTLP over HTTP, in JSON. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly sampling: Sampling;
}

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/**
 * Reads OpenTelemetry's own variables (its specification, "Environment Variables"), as far as Layover has what they are about: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or
 * OTEL_EXPORTER_OTLP_ENDPOINT (to which v1/traces is added), OTEL_EXPORTER_OTLP_TRACES_HEADERS or OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME (default
 * `layover-<plane>`), OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_SDK_DISABLED. undefined = nothing is traced: no endpoint is given.
 */
export function readTracing(reader: EnvReader, plane: PlaneName): TracingConfig | undefined {
  const url = readEndpoint(reader);
  const headers = readHeaders(reader);
  const sampling = readSampling(reader);
  const serviceName = reader.text('OTEL_SERVICE_NAME') ?? `layover-${plane}`;
  const disabled = reader.boolean('OTEL_SDK_DISABLED', false);
  return url === undefined || disabled ? undefined : { url, headers, serviceName, sampling };
}

/** A URL may hold a password, so a bad one is not repeated. */
function readEndpoint(reader: EnvReader): string | undefined {
  const parse = (text: string): URL | undefined =>
    URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? new URL(text) : undefined;
  const read = (name: string): URL | undefined =>
    reader.parsed<URL | undefined>(name, undefined, parse, 'an http:// or https:// URL', true);
  const own = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const common = read('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (own !== undefined) return own.href;
  if (common === undefined) return undefined;
  common.pathname = `${common.pathname.replace(/\/+$/, '')}/v1/traces`;
  return common.href;
}

function readHeaders(reader: EnvReader): Readonly<Record<string, string>> {
  const own = 'OTEL_EXPORTER_OTLP_TRACES_HEADERS';
  const name = reader.text(own) === undefined ? 'OTEL_EXPORTER_OTLP_HEADERS' : own;
  return reader.parsed<Readonly<Record<string, string>>>(name, {}, parseHeaders, 'key=value pairs, by commas', true);
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

function readSampling(reader: EnvReader): Sampling {
  const sampler = reader.choice('OTEL_TRACES_SAMPLER', 'parentbased_always_on', SAMPLERS);
  const ratio = reader.parsed<number>(
    'OTEL_TRACES_SAMPLER_ARG',
    1,
    (text) => (/^(?:0|1|0?\.\d+|[01]\.\d+)$/.test(text) && Number(text) <= 1 ? Number(text) : undefined),
    'a number from 0 to 1',
  );
  const kept = sampler.endsWith('always_on') ? 1 : sampler.endsWith('always_off') ? 0 : ratio;
  return { ratio: kept, followsCaller: sampler.startsWith('parentbased_') };
}
