import { LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { Span, Tracer } from '../../../../common/tracing/tracer';
import { Deferred } from '../../../../common/async/deferred';
import { throwIfAborted, untilAborted } from '../../../../common/async/until-aborted';
import type { BlobIngest } from '../../store/blob-store';
import { Absence } from '../../store/guard/absence';
import { unlessUnreachable } from '../../store/store-error';
import type { StoredBlobs } from '../../store/guard/stored-blobs';
import type { UpstreamBlobStream } from '../../upstream/upstream-registry';
import type { ContentUses } from '../../store/uses/content-uses';
import type { FillAllowance } from './room/fill-allowance';
import type { FillRoom } from './room/fill-room';
import { Seats, type Seat } from './seats';
import type { FillLimits } from './fill-limits';
import type { FillQueue, FillTicket } from './fill-queue';
import type { FillReader, FillRequest } from './fills';
import { HeadTiming } from './head-timing';
import { Progress } from './progress';
import { type FilledBlob, Requesters } from './requesters';
import type { Spool, SpoolFile } from './spool';
import { SpoolWriter } from './spool-writer';
import { openFirst } from './open-first';
import { Transfer } from './transfer';
import { type BlobHash, createInlineHash } from './hash/blob-hash';
import type { FileHashes } from './hash/file-hashes';
import { SpoolHash } from './hash/spool-hash';

/**
 * Receives how a fill ended (kept, found in the store, or the key of the error) and its duration in
 * seconds.
 */
export type FillOver = (outcome: string, seconds: number) => void;

/** Dependencies that all fills of a data plane share. */
export interface FillDependencies {
  readonly stored: StoredBlobs;
  readonly uses: Pick<ContentUses, 'begin'>;
  readonly spool: Spool;
  /** Hashes large blobs; undefined = they are hashed as they arrive. */
  readonly hashes: FileHashes | undefined;
  readonly room: FillRoom;
  readonly queue: FillQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: FillLimits;
  readonly onOver: FillOver | undefined;
  readonly onProven: ((blob: FilledBlob) => void) | undefined;
  readonly onFilled: ((blob: FilledBlob) => Promise<void>) | undefined;
  readonly tracer: Tracer;
}

/** The request that starts a fill, and the answer of the store, if the store was asked. */
export interface FillStart {
  readonly request: FillRequest;
  readonly absence: Absence | undefined;
}

/**
 * One fill: looks into the store, waits for a slot and for room on the disk, requests the blob from
 * the upstream, transfers the bytes, and stores them. No client owns it: clients take a seat and
 * leave (docs/design/fills.md#ownership). Its spool file is removed when the fill has ended and the
 * last client has left.
 */
export class FillJob {
  readonly digest: Digest;
  private readonly first: FillRequest;
  private readonly absence: Absence | undefined;
  private readonly heads: HeadTiming;
  private hasAnswer = false;
  /** Resolves when the blob is in the store. Rejects with the failure of the fill. */
  readonly settled = new Deferred();
  private readonly seats: Seats;
  private readonly requesters: Requesters;
  private readonly progress: Progress;
  private readonly controller = new AbortController();
  private ticket: FillTicket | undefined;
  private allowance: FillAllowance | undefined;
  private file: SpoolFile | undefined;
  private foundSize: number | undefined;
  /** Whether it is open if the bytes of the upstream are encoded; see UpstreamBlobStream. */
  private isEncoded = false;
  private hasReaders = false;
  private over = false;
  private span: Span | undefined;
  private readonly startedAt: number;

  /**
   * `onOver` is called before any client learns how the fill ended. A later request starts a new
   * fill.
   */
  constructor(
    private readonly deps: FillDependencies,
    { request, absence }: FillStart,
    private readonly onOver: () => void,
  ) {
    this.first = request;
    this.absence = absence;
    this.digest = request.digest;
    this.progress = new Progress(deps.clock);
    this.startedAt = deps.clock.steady();
    this.requesters = new Requesters(deps.uses);
    this.heads = new HeadTiming({ ...deps, size: () => this.size });
    this.seats = new Seats(request, deps, {
      onClient: () => this.ticket?.lift(),
      onAbandoned: () => this.abandon(),
      onExpired: () => this.abort(this.expired()),
      onEmpty: () => this.removeFile(),
    });
  }

  /** Starts the fill. Runs in a microtask, so the caller can take a seat first. */
  start(): void {
    const { tracer } = this.deps;
    const asked = tracer.active();
    // The fill has its own trace, because it continues for others after the first client has left.
    if (asked !== undefined) this.span = tracer.start('fill', { parent: 'root', link: asked });
    queueMicrotask(() => void (this.span === undefined ? this.run() : tracer.within(this.span, () => this.run())));
  }

  /**
   * Whether the upstream announced the size, or the blob was found in the store. Later failures
   * concern all clients.
   */
  get isOpened(): boolean {
    return this.foundSize !== undefined || this.progress.size !== undefined;
  }

  /**
   * Whether a failure concerns all clients, whoever asked: they would get the same from the
   * upstream.
   */
  concernsAll(error: LayoverError): boolean {
    return this.isOpened || (this.hasAnswer && error.key === 'UPSTREAM_CONTENT');
  }

  /** See HeadTiming.sizeFor. */
  sizeFor({ expectedSize }: FillRequest, signal: AbortSignal | undefined): Promise<number> {
    return this.heads.sizeFor(expectedSize, signal);
  }

  private get size(): number | undefined {
    return this.foundSize ?? this.progress.size;
  }

  /** Takes a seat for a client or a background request. The caller must leave it. */
  takeSeat(request: FillRequest): Seat & { readonly withdraw: () => void } {
    return { ...this.seats.take(request), withdraw: this.requesters.add(request) };
  }

  /** Whether the request may take part; see FillRequest. */
  admits(request: FillRequest): boolean {
    return this.requesters.admits(request);
  }

  /**
   * Whether the result is for this request: the bytes of the upstream are for all that take part,
   * what was found in the store only for those with a proof of their own.
   */
  isFor(request: FillRequest): boolean {
    return this.foundSize === undefined || request.readRight() !== undefined;
  }

  /** See Fills.follow. */
  follow(request: FillRequest): boolean {
    const goesOn = this.isOpened || this.seats.hasBackground(request.owner);
    if (!goesOn || !this.requesters.includes(request.owner)) return false;
    this.requesters.add(request);
    return true;
  }

  /** Returns a follower that was promised `size` bytes. Closing it leaves the seat. */
  reader(seat: Seat, joined: boolean, size: number): FillReader {
    const { progress, foundSize } = this;
    const path = (): string | undefined => (this.isReadable ? this.file?.path : undefined);
    const close = (): Promise<void> => seat.leave();
    if (foundSize !== undefined) {
      const waitBeyond = (): Promise<number> => Promise.resolve(foundSize);
      return { origin: 'store', joined, size, path: undefined, available: foundSize, waitBeyond, close };
    }
    this.hasReaders = true;
    return {
      origin: 'fill',
      joined,
      size,
      get path() {
        return path();
      },
      get available() {
        return progress.availableOf(size);
      },
      waitBeyond: (offset, signal) => progress.waitBeyond(offset, size, signal),
      close,
    };
  }

  /** Whether readers may open the spool file: it is not replaced by another one any more. */
  private get isReadable(): boolean {
    return this.hasAnswer && (this.progress.isProven || !this.isEncoded);
  }

  /**
   * Ends the fill; its readers and waiting requests get the reason. Proven bytes are still stored.
   */
  abort(reason: LayoverError): void {
    if (!this.progress.isProven) this.controller.abort(reason);
  }

  /** Bytes of the blob in the spool. */
  get received(): number {
    return this.progress.received;
  }

  /** Ends a fill that has not asked the upstream yet and that no client waits for. */
  dropIfWaiting(reason: LayoverError): void {
    if (this.file === undefined && this.seats.priority === 'background') this.abort(reason);
  }

  /** Whether a failure before the size was known happened on behalf of this request. */
  isAskingFor(request: FillRequest): boolean {
    return this.seats.asking === request;
  }

  /** Whether the request expects the size that the fill asked room for. */
  asksForSizeOf({ expectedSize }: FillRequest): boolean {
    return this.seats.asking.expectedSize === expectedSize;
  }

  /** Removes the spool file if the fill has ended. Readers that have it open can still read it. */
  async removeFile(): Promise<void> {
    if (this.over) await this.file?.remove();
  }

  private async run(): Promise<void> {
    try {
      await this.findOrFill();
    } catch (thrown) {
      await this.end(toLayoverError(thrown));
      return;
    }
    await this.end(undefined);
  }

  private async findOrFill(): Promise<void> {
    if (this.absence?.holds !== true && (await this.findInStore())) return;
    this.ticket = this.deps.queue.enter({ ...this.first, priority: this.seats.priority });
    const waits = !this.ticket.isGranted;
    await untilAborted(this.ticket.granted, this.controller.signal);
    // While this fill waited, a fill for another identity or another node may have stored the blob.
    if (waits && (await this.findInStore())) return;
    await this.reserve();
    await this.fill();
  }

  private async reserve(): Promise<void> {
    const { expectedSize, checkedSize = expectedSize, maxUnknownBytes } = this.seats.asking;
    this.allowance = await this.deps.room.reserve({
      digest: this.digest,
      size: expectedSize,
      checkedSize,
      maxUnknownBytes,
      priority: () => this.seats.priority,
      hasClient: () => this.seats.hasClient,
      signal: this.controller.signal,
    });
  }

  private async findInStore(): Promise<boolean> {
    const { asking } = this.seats;
    const right = asking.readRight();
    if (right === undefined) return false;
    const opening = this.deps.stored.open(right, asking.expectedSize);
    // Clients get the blob from the upstream. The background waits for the store.
    const blob = await (this.seats.hasClient ? unlessUnreachable(opening) : opening);
    if (blob === undefined || blob instanceof Absence) return false;
    this.foundSize = blob.size;
    await blob.close();
    return true;
  }

  /**
   * Fetches the blob as the upstream sends it. If that is wrong and labelled as encoded, fetches it
   * once more and decodes it (docs/design/fills.md#verification).
   */
  private async fill(): Promise<void> {
    this.seats.watch();
    this.heads.asked();
    try {
      await this.fetch(false);
    } catch (error) {
      if (!this.isEncoded || toLayoverError(error).key !== 'UPSTREAM_CONTENT') throw error;
      this.log('warn', {}, 'The upstream encoded a blob without being asked; Layover fetches and decodes it');
      await this.file?.remove();
      this.allowance?.release();
      await this.reserve();
      await this.fetch(true);
    }
  }

  private async fetch(decode: boolean): Promise<void> {
    const { spool, clock, hashes } = this.deps;
    const file = (this.file = this.allowance!.bound(await spool.create(this.digest)));
    const ingest = await this.beginIngest(file);
    const following = hashes && new SpoolHash(this.digest, file.path, hashes);
    const writer = new SpoolWriter(file, clock, (written) => {
      following?.advance(written);
      this.progress.advance(written);
      ingest.into?.advance(written);
    });
    let size: number;
    try {
      size = await this.transfer(writer, following ?? createInlineHash(this.digest), decode);
    } catch (error) {
      await writer.stop();
      // Not awaited: clients learn of the failure at once, even if the store does not answer.
      ingest.into
        ?.abort()
        .catch((cause: unknown) => this.log('warn', { cause }, 'Aborting the ingest of a failed fill failed'));
      throw error;
    } finally {
      following?.end();
    }
    // Readers do not wait for the disk: the bytes that they get are proven.
    this.progress.prove(size);
    this.heads.settled();
    // A slot stands for a connection and an open file. The store finds the file by its path.
    await file.close().finally(() => this.ticket?.release());
    await this.keep(file, size, ingest.into, ingest.failure);
  }

  /**
   * Starts the ingest. A store that cannot accept the blob does not stop clients from receiving it.
   */
  private async beginIngest(file: SpoolFile): Promise<{ into: BlobIngest | undefined; failure: unknown }> {
    try {
      return { into: await this.deps.stored.ingest(this.digest, file.path), failure: undefined };
    } catch (failure) {
      return { into: undefined, failure };
    }
  }

  private async transfer(writer: SpoolWriter, hash: BlobHash, decode: boolean): Promise<number> {
    const { digest, deps } = this;
    const { signal } = this.controller;
    const { clock, limits } = deps;
    throwIfAborted(signal);
    const request = this.seats.ask();
    const { expectedSize } = request;
    const onBreak = (error: LayoverError, bytes: number): void =>
      this.log(
        'warn',
        { cause: error.message, bytes },
        'The connection of a fill broke; Layover resumes the fill if it can',
      );
    const stream = await openFirst(request, { clock, limits, signal, decode, onBreak });
    try {
      if (stream.size !== undefined) await this.allowance!.fix(stream.size);
    } catch (error) {
      stream.cancel();
      throw error;
    }
    this.answered(stream, expectedSize);
    const another = (): FillRequest | undefined => this.seats.askAnother();
    const transfer = { digest, expectedSize, decode, writer, hash, signal, clock, limits, another, onBreak };
    return new Transfer(transfer).run(stream, request);
  }

  /** Notes the answer of the upstream, and what it says about the size. */
  private answered({ size, isEncoded = false }: UpstreamBlobStream, expectedSize: number | undefined): void {
    this.hasAnswer = true;
    // Where the sizes agree, the encoding is only a label.
    this.isEncoded = isEncoded && (size === undefined || size !== expectedSize);
    const announced = this.isEncoded ? undefined : size;
    this.progress.begin(announced, this.isEncoded);
    this.heads.answered(announced, expectedSize);
  }

  private async keep(file: SpoolFile, size: number, ingest: BlobIngest | undefined, failure: unknown): Promise<void> {
    try {
      if (ingest === undefined) throw failure;
      await ingest.commit(file.path, size);
      this.log('info', { bytes: size, ms: this.deps.clock.steady() - this.startedAt }, 'A fill succeeded');
    } catch (error) {
      await ingest?.abort().catch(() => undefined);
      throw error;
    }
  }

  private async end(failure: LayoverError | undefined): Promise<void> {
    this.over = true;
    this.ticket?.release();
    this.allowance?.release();
    this.reportEnd(failure?.key ?? (this.foundSize === undefined ? 'kept' : 'found'));
    // Before the fill cannot be joined any more: a later request finds the proof.
    const filled = failure === undefined ? this.filled() : undefined;
    if (filled !== undefined) this.deps.onProven?.(filled);
    this.onOver();
    if (failure === undefined) {
      this.heads.settled();
    } else {
      this.log(
        failure.key === 'CANCELLED' ? 'debug' : 'warn',
        { key: failure.key, cause: failure.message, err: failure.cause },
        'A fill failed',
      );
      this.progress.fail(failure);
      this.heads.failed(failure);
    }
    this.seats.close();
    void this.finishFile();
    if (filled !== undefined) await this.reportFilled(filled);
    this.requesters.release();
    if (failure === undefined) this.settled.resolve();
    else this.settled.reject(failure);
  }

  private filled(): FilledBlob | undefined {
    const { digest, foundSize } = this;
    const size = foundSize ?? this.progress.size;
    if (size === undefined) return undefined;
    const upstreamRepository = foundSize === undefined ? this.seats.asking.upstreamRepository : undefined;
    return { digest, size, owners: this.requesters.owners(), upstreamRepository };
  }

  /**
   * Reports the filled blob. The blob stays in use until those who account for it have recorded it.
   */
  private async reportFilled(blob: FilledBlob): Promise<void> {
    try {
      await this.deps.onFilled?.(blob);
    } catch (err) {
      this.log('error', { err }, 'Reporting a filled blob failed');
    }
  }

  /**
   * Closes the file. Removes it if nobody could read it, or if no client is left.
   */
  private async finishFile(): Promise<void> {
    try {
      await this.file?.close();
      if (this.seats.isEmpty || !this.hasReaders) await this.removeFile();
    } catch (cause) {
      this.log('error', { err: cause }, 'Removing a spool file failed');
    }
  }

  private abandon(): void {
    if (this.file === undefined)
      this.abort(new LayoverError('CANCELLED', { message: `No request waits for blob ${this.digest} any more.` }));
  }

  private expired(): LayoverError {
    return new LayoverError('UPSTREAM_TIMEOUT', {
      message: `The fill of blob ${this.digest} was aborted: it was not complete ${this.deps.limits.maxFillSeconds} s after its last client left.`,
    });
  }

  private reportEnd(outcome: string): void {
    this.deps.onOver?.(outcome, (this.deps.clock.steady() - this.startedAt) / 1000);
    this.span?.set('layover.fill.outcome', outcome);
    if (outcome !== 'kept' && outcome !== 'found') this.span?.fail(outcome);
    this.span?.end();
  }

  private log(level: 'debug' | 'info' | 'warn' | 'error', fields: object, message: string): void {
    this.deps.logger[level]({ digest: this.digest, upstream: this.first.upstream, ...fields }, message);
  }
}
