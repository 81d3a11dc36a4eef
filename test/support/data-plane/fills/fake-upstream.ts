import { LayoverError } from '../../../../common/errors/layover-error';
import type { ErrorKey } from '../../../../common/errors/catalogue';
import { type Digest, digestOf } from '../../../../common/oci/digest';
import { rightForInternalUse } from '../../../../data-plane/src/store/guard/internal-right';
import type { FillRequest } from '../../../../data-plane/src/blobs/fills/fills';
import type { UpstreamBlobStream } from '../../../../data-plane/src/upstream/upstream-registry';

/** A promise that a test resolves. */
export class Gate {
  private settle: { resolve: () => void; reject: (reason: unknown) => void } | undefined;
  readonly passed = new Promise<void>((resolve, reject) => (this.settle = { resolve, reject }));
  constructor() {
    this.passed.catch(() => undefined);
  }
  open(): void {
    this.settle?.resolve();
  }
  fail(reason: unknown): void {
    this.settle?.reject(reason);
  }
}

/** How the upstream answers a request. */
export interface Answer {
  /** The error instead of an answer. */
  readonly refuse?: ErrorKey;
  /** The status of that error, and the time after which the upstream wants to be asked again. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** The content instead of the blob. */
  readonly content?: Buffer;
  /** The announced size; null = none. Default: the size of the content. */
  readonly says?: number | null;
  /** Labels the bytes with a Content-Encoding. Default: they are not labelled. */
  readonly isEncoded?: boolean;
  /** Ends the body without an error at this offset of the blob. */
  readonly endAt?: number;
  /** Sends the blob from the start regardless of the range. */
  readonly ignoresRange?: boolean;
  /** Awaited before the headers. */
  readonly waitFor?: Promise<void>;
  /** Waits for a promise before sending the byte at this offset of the blob. */
  readonly holdAt?: { readonly offset: number; readonly until: Promise<void> };
  /** Fails at this offset with this error. */
  readonly cutAt?: { readonly offset: number; readonly key: ErrorKey };
}

/**
 * An upstream with one blob and without a network; `source` is the source of a FillRequest. Gives
 * `answers` in order and repeats the last one. Counts the requests.
 */
export class FakeUpstream {
  readonly digest: Digest;
  readonly offsets: number[] = [];
  /** Whether each request asked for decoded bytes. */
  readonly decodes: boolean[] = [];
  sent = 0;
  open = 0;

  constructor(
    readonly content: Buffer,
    private readonly answers: readonly Answer[] = [{}],
    algorithm = 'sha256',
    private readonly chunkBytes = 16 * 1024,
  ) {
    this.digest = digestOf(content, algorithm);
  }

  request(differs: Partial<FillRequest> = {}): FillRequest {
    return {
      digest: this.digest,
      expectedSize: this.content.length,
      upstream: 'registry.example',
      owner: 'organization',
      repository: 'team/app',
      identities: [`anonymous:${differs.upstream ?? 'registry.example'}`],
      upstreamRepository: 'team/app',
      mayPull: () => true,
      readRight: () => rightForInternalUse(this.digest),
      priority: 'client',
      source: this.source,
      ...differs,
    };
  }

  readonly source = async (offset: number, signal: AbortSignal, decode = false): Promise<UpstreamBlobStream> => {
    const answer = this.answers[Math.min(this.offsets.length, this.answers.length - 1)]!;
    this.offsets.push(offset);
    this.decodes.push(decode);
    await answer.waitFor;
    const { status: upstreamStatus, retryAfterSeconds } = answer;
    if (answer.refuse !== undefined) throw new LayoverError(answer.refuse, { upstreamStatus, retryAfterSeconds });
    const content = answer.content ?? this.content;
    const size = answer.says === null ? undefined : (answer.says ?? content.length);
    const start = answer.ignoresRange === true ? 0 : offset;
    const cancelled = new Gate();
    const cancel = (): void => cancelled.fail(new LayoverError('CANCELLED'));
    signal.addEventListener('abort', cancel);
    return {
      size,
      isEncoded: answer.isEncoded ?? false,
      offset: start,
      cancel,
      body: this.body(answer, content, start, cancelled.passed),
    };
  };

  private async *body(
    answer: Answer,
    content: Buffer,
    start: number,
    cancelled: Promise<void>,
  ): AsyncGenerator<Buffer> {
    this.open += 1;
    try {
      const { holdAt, cutAt } = answer;
      const end = Math.min(content.length, answer.endAt ?? Infinity);
      for (let at = start; at < end;) {
        if (holdAt !== undefined && at === holdAt.offset) await Promise.race([holdAt.until, cancelled]);
        if (cutAt !== undefined && at === cutAt.offset) throw new LayoverError(cutAt.key);
        const stops = [at + this.chunkBytes, end, holdAt?.offset, cutAt?.offset].filter(
          (stop) => stop !== undefined && stop > at,
        );
        const chunk = content.subarray(at, Math.min(...(stops as number[])));
        at += chunk.length;
        this.sent += chunk.length;
        yield chunk;
      }
      if (cutAt !== undefined && cutAt.offset === content.length) throw new LayoverError(cutAt.key);
    } finally {
      this.open -= 1;
    }
  }
}
