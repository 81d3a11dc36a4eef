import { loadRegistry } from '../../../common/grpc/load-proto';
import { CallWatch, type CallObserver, observeCalls } from '../../../common/grpc/observe-calls';
import type { Logger } from '../../../common/runtime/logger';
import type { Tracer } from '../../../common/tracing/tracer';
import type { RegistryHandlers } from '../../../proto/gen/layover/v1/Registry';
import type { DataPlaneMetrics } from './metrics';

/** Creates an observer that counts and traces every call, and logs it at `debug` level. */
export function createCallObserver(metrics: DataPlaneMetrics, tracer: Tracer, logger: Logger): CallObserver {
  return {
    tracer,
    onStream: (method) => metrics.streamBegins(method),
    onEnd(end, streamed) {
      metrics.called(end, streamed);
      logger.debug(end, 'A gRPC call was answered');
    },
  };
}

/** Returns the watch for the small calls of Registry. */
export function createCallWatch(observer: CallObserver): CallWatch {
  return new CallWatch('layover.v1.Registry', observer);
}

/** Wraps the reads of the Registry service. Its small calls are watched one by one. */
export function measuredHandlers(handlers: RegistryHandlers, observer: CallObserver): RegistryHandlers {
  const { ReadBlob } = handlers;
  return { ...handlers, ...observeCalls(loadRegistry().service, { ReadBlob }, observer) };
}
