import type { CallKind, CallMessage, CallReply } from '../../common/grpc/registry-calls';
import { systemClock } from '../../common/runtime/clock';
import { NO_TRACER } from '../../common/tracing/tracer';
import { PlaneCalls } from '../../edge-http/src/registry/grpc/plane-calls';
import type { RegistryClient } from '../../proto/gen/layover/v1/Registry';

/** Makes small calls of Registry over the stream of an edge. */
export class RegistryAsker {
  private readonly calls: PlaneCalls;

  /** The caller closes the client. */
  constructor(client: RegistryClient) {
    this.calls = new PlaneCalls(client, systemClock, NO_TRACER);
  }

  /** Makes a call. Rejects with the LayoverError that the data plane or the transport gave. */
  ask<K extends CallKind>(kind: K, message: CallMessage<K>, timeoutMs = 15_000): Promise<CallReply<K>> {
    return new Promise((resolve, reject) => {
      const dueAt = Date.now() + timeoutMs;
      const done = (failure: Error | undefined, reply: CallReply<K> | undefined): void =>
        failure === undefined ? resolve(reply!) : reject(failure);
      this.calls.send({ kind, message, dueAt, done }, undefined);
    });
  }

  /** Ends the stream when its last call has ended. */
  close(): void {
    this.calls.close();
  }
}
