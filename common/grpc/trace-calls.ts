import { InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';
import type { Tracer } from '../tracing/tracer';

/** Metadata with the caller's span in the format of W3C Trace Context. */
export const TRACEPARENT = 'traceparent';

/**
 * Creates interceptors for the clients of a channel: they record a span for every call within a
 * trace and send it to the server. Returns none if tracing is off.
 */
export function traceCalls(tracer: Tracer): Interceptor[] {
  if (!tracer.isOn) return [];
  return [
    (options, nextCall) => {
      const call = nextCall(options);
      if (tracer.active() === undefined) return new InterceptingCall(call);
      const span = tracer.start(options.method_definition.path.slice(1), {
        kind: 'client',
        attributes: { 'rpc.system': 'grpc' },
      });
      return new InterceptingCall(call, {
        start(metadata, _listener, next) {
          if (span.traceparent !== undefined) metadata.set(TRACEPARENT, span.traceparent);
          // Omitted callbacks go to the caller's listener. Don't spread it into this object:
          // grpc-js then treats this object as the caller's own listener.
          next(metadata, {
            onReceiveStatus(received, nextStatus) {
              if (received.code !== status.OK) span.fail(status[received.code]);
              span.end();
              nextStatus(received);
            },
          });
        },
      });
    },
  ];
}
