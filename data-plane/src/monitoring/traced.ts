import { toLayoverError } from '../../../common/errors/layover-error';
import { NO_SPAN, type Span, type SpanOptions, type Tracer } from '../../../common/tracing/tracer';

/**
 * Runs `work` in a span below the active one. Where there is no active span nothing is traced: what planes do by themselves (heartbeats, deliveries, collections)
 * makes no traces. The span has failed when `work` rejects, by the key of the error; the rejection goes on.
 */
export async function traced<T>(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  if (!tracer.isOn || tracer.active() === undefined) return work(NO_SPAN);
  const span = tracer.start(name, options);
  try {
    return await tracer.within(span, () => work(span));
  } catch (error) {
    span.fail(toLayoverError(error).key);
    throw error;
  } finally {
    span.end();
  }
}
