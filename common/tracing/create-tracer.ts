import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';
import type * as otel from './otel-tracer';
import { NO_TRACER, type Tracer } from './tracer';
import type { TracingConfig } from './tracing-config';

/**
 * Creates a tracer that sends to an OTLP receiver, or one that does nothing if `config` is
 * undefined. Only then OpenTelemetry is loaded: it takes 7 MB in every plane, and time at the
 * start.
 */
export function createTracer(config: TracingConfig | undefined, clock: Clock, logger: Logger): Tracer {
  if (config === undefined) return NO_TRACER;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded on demand
  const { createOtelTracer } = require('./otel-tracer') as typeof otel;
  return createOtelTracer(config, clock, logger);
}
