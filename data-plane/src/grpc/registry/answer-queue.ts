import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { CallKind } from '../../../../common/grpc/registry-calls';
import type { Answer } from '../../../../proto/gen/layover/v1/Answer';
import type { AnswerBatch } from '../../../../proto/gen/layover/v1/AnswerBatch';
import type { CallBatch__Output } from '../../../../proto/gen/layover/v1/CallBatch';

/** A message ends with the answer that takes it beyond this size. An edge accepts 8 MiB. */
const MESSAGE_BYTES = 1024 * 1024;
/** Calls are not read while more answers than this wait for the connection. */
const HELD_BYTES = 16 * 1024 * 1024;
/** What an answer has besides its content, with room to spare. */
const ENVELOPE_BYTES = 1024;
/** Lists may have more than a megabyte that is not counted, so each has a message of its own. */
const LISTS: readonly (CallKind | undefined)[] = ['listTags', 'listRepositories', 'listReferrers'];

interface HeldAnswer {
  readonly answer: Answer;
  readonly bytes: number;
}

/**
 * The answers of one stream that are not sent yet. Those of one turn of the event loop are sent
 * together. Pauses the stream of calls while too much waits for the connection.
 */
export class AnswerQueue {
  private held: HeldAnswer[] = [];
  private heldBytes = 0;
  private willFlush = false;
  /** Whether the connection accepts nothing more for now. */
  private isFull = false;

  constructor(
    private readonly stream: ServerDuplexStream<CallBatch__Output, AnswerBatch>,
    private readonly onEmpty: () => void,
  ) {
    stream.on('drain', () => {
      this.isFull = false;
      this.flush();
    });
  }

  /** Whether every answer was passed to the connection. */
  get isEmpty(): boolean {
    return this.held.length === 0;
  }

  /** Sends an answer soon. `kind`: what it answers, if that was understood. */
  add(answer: Answer, kind?: CallKind): void {
    const content = answer.getManifest?.content?.length ?? 0;
    const bytes = LISTS.includes(kind) ? MESSAGE_BYTES : content + ENVELOPE_BYTES;
    this.held.push({ answer, bytes });
    this.heldBytes += bytes;
    if (this.heldBytes > HELD_BYTES) this.stream.pause();
    if (this.willFlush) return;
    this.willFlush = true;
    setImmediate(() => {
      this.willFlush = false;
      this.flush();
    });
  }

  /** Forgets all answers. */
  clear(): void {
    this.held = [];
    this.heldBytes = 0;
  }

  private flush(): void {
    let at = 0;
    while (at < this.held.length && !this.isFull) {
      const answers: Answer[] = [];
      for (let bytes = 0; at < this.held.length && bytes < MESSAGE_BYTES; at += 1) {
        const one = this.held[at]!;
        if (answers.length > 0 && bytes + one.bytes > MESSAGE_BYTES) break;
        answers.push(one.answer);
        bytes += one.bytes;
        this.heldBytes -= one.bytes;
      }
      this.isFull = !this.stream.write({ answers });
    }
    this.held = at === this.held.length ? [] : this.held.slice(at);
    if (this.heldBytes <= HELD_BYTES && this.stream.isPaused()) this.stream.resume();
    if (this.isEmpty) this.onEmpty();
  }
}
