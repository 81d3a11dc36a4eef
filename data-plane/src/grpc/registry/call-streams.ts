import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import type { AnswerBatch } from '../../../../proto/gen/layover/v1/AnswerBatch';
import type { CallBatch__Output } from '../../../../proto/gen/layover/v1/CallBatch';
import { AnsweredStream, type AnsweredStreamParts } from './answered-stream';

/** The streams of small calls of all edges (Registry.AnswerCalls). */
export class CallStreams {
  private readonly streams = new Set<AnsweredStream>();
  private isDraining = false;

  constructor(private readonly parts: AnsweredStreamParts) {}

  /** The handler of Registry.AnswerCalls. */
  readonly handler: handleBidiStreamingCall<CallBatch__Output, AnswerBatch> = (call) => this.accept(call);

  /**
   * Ends each stream when its last call has ended, and refuses new calls with
   * DATA_PLANE_UNAVAILABLE, so that edges ask another data plane.
   */
  drain(): void {
    this.isDraining = true;
    for (const stream of this.streams) stream.drain();
  }

  private accept(call: ServerDuplexStream<CallBatch__Output, AnswerBatch>): void {
    const stream: AnsweredStream = new AnsweredStream(call, this.parts, () => this.streams.delete(stream));
    this.streams.add(stream);
    if (this.isDraining) stream.drain();
  }
}
