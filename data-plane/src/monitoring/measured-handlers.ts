import { loadRegistry } from '../../../common/grpc/load-proto';
import { observeCalls } from '../../../common/grpc/observe-calls';
import type { Logger } from '../../../common/runtime/logger';
import type { Tracer } from '../../../common/tracing/tracer';
import type { RegistryHandlers } from '../../../proto/gen/layover/v1/Registry';
import type { DataPlaneMetrics } from './metrics';

/** Wraps the Registry service to count and trace every call, and to log it at `debug` level. */
export function measuredHandlers(
  handlers: RegistryHandlers,
  metrics: DataPlaneMetrics,
  tracer: Tracer,
  logger: Logger,
): RegistryHandlers {
  return observeCalls(loadRegistry().service, handlers, {
    tracer,
    onStream: (method) => metrics.streamBegins(method),
    onEnd(end, streamed) {
      metrics.called(end, streamed);
      logger.debug(end, 'A gRPC call was answered');
    },
  });
}
