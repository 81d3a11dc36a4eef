import { InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';
import type { Tracer } from '../tracing/tracer';

/** Metadata with the caller's span, as W3C Trace Context writes it. */
export const TRACEPARENT = 'traceparent';

/** For the clients of a channel: a span for every call that is part of a trace, told to the other side. No interceptor where nothing is traced. */
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
          // What is left out goes on to the caller's listener by itself; that one must not be spread into this (grpc-js then takes it for the caller's own).
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
