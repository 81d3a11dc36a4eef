import { type FileHandle, open } from 'node:fs/promises';
import { Condition } from '../../../../common/async/condition';
import { throwIfAborted, untilAborted } from '../../../../common/async/until-aborted';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { BufferPair } from '../../../../common/files/buffer-pool';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { StoredBlob } from '../blob-store';
import { buffersInTurn, READ_CHUNK_BYTES, readAt } from '../read-file-range';
import { WITHHELD_BYTES } from '../withheld-bytes';

/**
 * A reader that is at most this far ahead of the copy waits for it. One that is further ahead reads
 * so many bytes from the store itself, and looks again.
 */
const NEAR_BYTES = 8 * 1024 * 1024;
/** Shortest time between two wake-ups of the waiting readers, in milliseconds. */
const WAKE_EVERY_MS = 10;

/** What is known of the bytes: not written yet, being written, proven, wrong, or not kept. */
type CopyState = 'queued' | 'growing' | 'whole' | 'damaged' | 'failed';

/**
 * A copy of a blob that is being made and read at the same time, so that the store behind is read
 * once for all readers. The writer never waits for readers. A copy that fails costs its readers
 * nothing: they read the rest from the store.
 */
export class GrowingCopy {
  private state: CopyState = 'queued';
  private path = '';
  private written = 0;
  private readonly changes = new Condition();
  private cancelWake: (() => void) | undefined;

  constructor(
    private readonly digest: Digest,
    private readonly size: number,
    private readonly clock: Clock,
  ) {}

  /** Notes that the bytes are written to this file. */
  begin(path: string): void {
    this.path = path;
    this.change('growing');
  }

  /** Counts bytes that were written. */
  wrote(bytes: number): void {
    this.written += bytes;
    this.cancelWake ??= this.clock.after(WAKE_EVERY_MS, () => {
      this.cancelWake = undefined;
      this.changes.notifyAll();
    });
  }

  /** Notes that all bytes are written, and whether they have the digest. */
  judge(isWhole: boolean): void {
    this.change(isWhole ? 'whole' : 'damaged');
  }

  /** Notes that nothing more is written. Without effect after {@link GrowingCopy.judge}. */
  end(): void {
    if (this.state === 'queued' || this.state === 'growing') this.change('failed');
    this.cancelWake?.();
  }

  /**
   * Returns a blob that reads the copy, and `behind` where the copy is of no use. Waits until the
   * copy has begun. Returns `behind` itself if the copy has wrong bytes or cannot be opened.
   * Closing the blob closes `behind`.
   */
  async share(behind: StoredBlob): Promise<StoredBlob> {
    while (this.state === 'queued') await this.changes.wait();
    const isUseless = this.state === 'failed' || this.state === 'damaged';
    const file = isUseless ? undefined : await open(this.path, 'r').catch(() => undefined);
    if (file === undefined) return behind;
    let closing: Promise<void> | undefined;
    return {
      size: behind.size,
      localPath: undefined,
      read: (offset, length, signal, into) => this.read({ file, behind }, offset, offset + length, signal, into),
      close: () => (closing ??= file.close().finally(() => behind.close())),
    };
  }

  private async *read(
    { file, behind }: { readonly file: FileHandle; readonly behind: StoredBlob },
    offset: number,
    end: number,
    signal: AbortSignal | undefined,
    into: BufferPair | undefined,
  ): AsyncGenerator<Buffer, void, undefined> {
    const next = buffersInTurn(into);
    for (let position = offset; position < end;) {
      const available = Math.min(await this.availableNear(position, signal), end);
      if (available > position) {
        const buffer = next();
        const want = Math.min(buffer?.length ?? READ_CHUNK_BYTES, available - position);
        const chunk = await readAt(file, position, want, `read the copy of ${this.digest}`, buffer);
        position += chunk.length;
        yield chunk;
        continue;
      }
      const length = Math.min(this.state === 'failed' ? Infinity : NEAR_BYTES, end - position);
      // Without the buffers: the last chunk may still be in one of them.
      for await (const chunk of behind.read(position, length, signal)) {
        position += chunk.length;
        yield chunk;
      }
    }
  }

  /**
   * Returns how many bytes from the start can be read. Waits while the copy is about to reach
   * `position`; a result that does not exceed it means that the store is to be read.
   */
  private async availableNear(position: number, signal: AbortSignal | undefined): Promise<number> {
    for (;;) {
      throwIfAborted(signal);
      if (this.state === 'whole') return this.size;
      if (this.state === 'damaged')
        throw new LayoverError('STORE_FAILED', {
          message: `The blob store returned bytes that are not those of ${this.digest}. Run fsck.`,
        });
      const available = Math.min(this.written, this.size - WITHHELD_BYTES);
      if (this.state === 'failed' || available > position || position - this.written > NEAR_BYTES) return available;
      await untilAborted(this.changes.wait(), signal);
    }
  }

  private change(state: CopyState): void {
    this.state = state;
    this.changes.notifyAll();
  }
}
