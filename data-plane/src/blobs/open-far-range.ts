import { onAbort } from '../../../common/async/until-aborted';
import type { ResolvedRange } from '../../../common/oci/byte-range';
import type { BlobRight } from './blob-access';
import type { BlobReader } from './blob-source';
import type { DirectRange, DirectRanges } from './direct-ranges';

/** Dependencies of openFarRange. */
export interface OpenFarRangeParts {
  readonly direct: DirectRanges;
  /** Opens the blob from the store or through its fill; see BlobSource. */
  readonly openWhole: (signal: AbortSignal) => Promise<BlobReader>;
}

/**
 * Opens a range of a cold blob: requests it from the upstream directly, and starts or joins the
 * fill of the blob at the same time. Returns the reader of the blob if the store has it by now, the
 * fill reaches the range first, or the upstream does not give the range. The fill goes on after the
 * range was read. Throws what `openWhole` throws.
 */
export async function openFarRange(
  { direct, openWhole }: OpenFarRangeParts,
  blob: BlobRight,
  range: ResolvedRange,
  signal: AbortSignal | undefined,
): Promise<BlobReader> {
  const controller = new AbortController();
  const asked = new AbortController();
  onAbort(controller.signal, () => asked.abort(controller.signal.reason));
  const stopListening = onAbort(signal, () => controller.abort(signal?.reason));
  const opening = openWhole(controller.signal);
  // Handled by whoever needs the whole blob; otherwise the range alone decides.
  opening.catch(() => undefined);
  const asking = direct.open(blob, range, asked.signal);
  const end = (): void => {
    stopListening();
    controller.abort();
  };
  try {
    const arrived = async (): Promise<BlobReader | DirectRange | undefined> => {
      const reader = await opening;
      if (reader.origin === 'store') return reader;
      // The fill may be faster than an upstream that hesitates to answer the range.
      const last = range.offset + range.length - 1;
      return reader.waitBeyond(last, controller.signal).then(
        () => reader,
        () => asking,
      );
    };
    const first = await Promise.race([asking, arrived()]);
    if (first !== undefined && 'body' in first)
      return new FarRangeReader(first, blob.size!, opening, stopListening, end);
    asked.abort();
    void asking.then((late) => late?.cancel());
    const reader = first ?? (await opening);
    return closedWith(reader, stopListening);
  } catch (error) {
    void asking.then((late) => late?.cancel());
    end();
    throw error;
  }
}

function closedWith(reader: BlobReader, onClosed: () => void): BlobReader {
  return {
    origin: reader.origin,
    size: reader.size,
    get path() {
      return reader.path;
    },
    get available() {
      return reader.available;
    },
    waitBeyond: (offset, signal) => reader.waitBeyond(offset, signal),
    read: (offset, length, signal, into) => reader.read(offset, length, signal, into),
    close: () => reader.close().finally(onClosed),
  };
}

/** Reads a range from the upstream, and what the upstream does not give from the fill. */
class FarRangeReader implements BlobReader {
  readonly origin = 'fill';
  readonly path = undefined;
  private isComplete = false;
  private isClosed = false;

  constructor(
    private readonly direct: DirectRange,
    readonly size: number,
    private readonly opening: Promise<BlobReader>,
    private readonly letGoOn: () => void,
    private readonly end: () => void,
  ) {}

  get available(): number {
    return this.size;
  }

  async waitBeyond(offset: number, signal?: AbortSignal): Promise<number> {
    return (await this.opening).waitBeyond(offset, signal);
  }

  async *read(offset: number, length: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    const end = offset + length;
    let position = offset;
    if (offset === this.direct.range.offset && length === this.direct.range.length) {
      try {
        for await (const chunk of this.direct.body) {
          position += chunk.length;
          yield chunk;
        }
      } catch (error) {
        if (signal?.aborted === true) throw error;
      }
    }
    if (position < end) yield* (await this.opening).read(position, end - position, signal);
    this.isComplete = true;
  }

  close(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    this.isClosed = true;
    this.direct.cancel();
    // The fill of a range that was read goes on, although its client has what it wanted.
    if (this.isComplete && this.direct.mayWait(this.opening)) this.letGoOn();
    else this.end();
    // A file that cannot be removed concerns no client; the next start removes it.
    this.opening.then((reader) => reader.close()).catch(() => undefined);
    return Promise.resolve();
  }
}
