import pLimit from 'p-limit';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { Descriptor } from '../../../../common/oci/descriptor';
import type { Digest } from '../../../../common/oci/digest';
import type { RepositoryKey } from '../../access/repository-key';
import type { CachedManifest, CachedTag } from '../catalog';
import { IndexFile } from './index-file';
import { applyOperation, type IndexOperation, operationKey, operationsOf } from './index-operation';
import type { LocalIndex } from '../local-index';
import type { KeptReferrers } from './shelf';
import { Shelves } from './shelves';

/** What a local index needs. `directory` is made, mode 0700, when it is not there; only one process may use it at a time. */
export interface LocalIndexOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Memory for what is known, in bytes, about; default 64 MiB, some 12,000 images of ten layers. The file takes up to three times that. */
  readonly maxBytes?: number;
  /** How long changes wait in memory before they are written, in milliseconds; default 200. */
  readonly writeDelayMs?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** Largest referrers answer that is kept (see LocalIndex). */
const MAX_REFERRERS_BYTES = 256 * 1024;
/** The file is written anew when it is this much larger than what is known: most of it is then history. */
const REWRITE_FACTOR = 2;
const REWRITE_MIN_BYTES = 8 * 1024 * 1024;
/** Time between tries to write while the disk fails. */
const RETRY_MS = 30_000;

/** Opens the index in a folder with what an earlier process left. A damaged file is moved aside, and the index begins anew. */
export async function createLocalIndex(options: LocalIndexOptions): Promise<LocalIndex> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const file = new IndexFile(options.directory);
  let shelves = new Shelves(maxBytes);
  if (!(await file.load((operation) => applyOperation(shelves, operation)))) {
    options.logger.warn({ directory: options.directory }, 'the local index is damaged: moved aside, begun anew');
    shelves = new Shelves(maxBytes);
  }
  return new DurableLocalIndex(shelves, file, options);
}

/**
 * What is known, in memory, with every change written behind to a file: reads cost a few look-ups in maps and never
 * wait for a disk. Bounded in memory; what is given up costs a call to the Catalog.
 *
 * A disk that fails or is full never fails a caller: knowledge goes on in memory. The file is then removed, because one that
 * lacks a removal would bring back after a restart what is no longer true, and is written anew when the disk takes it.
 * (LMDB, which this port was thought for, ends the process on a full disk: see SegmentLog.)
 */
class DurableLocalIndex implements LocalIndex {
  private pending = new Map<string, IndexOperation>();
  private serial = 0;
  private cancelTimer: (() => void) | undefined;
  /** Writes follow each other, never overlap. */
  private readonly writes = pLimit(1);
  private broken = false;
  private closed = false;

  constructor(
    private readonly shelves: Shelves,
    private readonly file: IndexFile,
    private readonly options: LocalIndexOptions,
  ) {}

  tag(repository: RepositoryKey, tag: string): CachedTag | undefined {
    return this.shelves.find(repository)?.tags.get(tag);
  }

  putTag(repository: RepositoryKey, tag: string, value: CachedTag): void {
    this.run(['tag', keyOf(repository), tag, value]);
  }

  removeTag(repository: RepositoryKey, tag: string): void {
    this.run(['tag', keyOf(repository), tag, null]);
  }

  tags(repository: RepositoryKey, limit: number, last: string): readonly string[] {
    const known = this.shelves.find(repository)?.tags.keys() ?? [];
    // Tags are ASCII: the order of code units is that of bytes.
    return [...known]
      .filter((tag) => tag > last)
      .sort((a, b) => (a < b ? -1 : 1))
      .slice(0, limit);
  }

  manifest(repository: RepositoryKey, digest: Digest): CachedManifest | undefined {
    return this.shelves.find(repository)?.manifest(digest);
  }

  putManifest(repository: RepositoryKey, value: CachedManifest): void {
    this.run(['manifest', keyOf(repository), value]);
  }

  blob(repository: RepositoryKey, digest: Digest): Descriptor | undefined {
    return this.shelves.find(repository)?.blob(digest);
  }

  putBlob(repository: RepositoryKey, blob: Descriptor): void {
    this.run(['blob', keyOf(repository), blob]);
  }

  referrers(repository: RepositoryKey, key: string): KeptReferrers | undefined {
    return this.shelves.find(repository)?.referrersOf(key);
  }

  putReferrers(repository: RepositoryKey, key: string, value: KeptReferrers): void {
    if (value.content.length > MAX_REFERRERS_BYTES) return;
    this.run(['referrers', keyOf(repository), key, value.content.toString('base64'), value.filtered, value.checkedAt]);
  }

  forget(organizationUid: string, repository: string, tag: string, digest: string): void {
    this.run(['forget', organizationUid, repository, tag, digest]);
  }

  async flush(): Promise<void> {
    await this.writePending();
    if (!this.broken) await this.file.sync().catch((error: unknown) => this.onFailure(error));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    await this.flush();
    this.closed = true;
    this.cancelTimer?.();
    await this.file.close();
  }

  private run(operation: IndexOperation): void {
    applyOperation(this.shelves, operation);
    if (this.closed) return;
    const key = operationKey(operation, this.serial++);
    // Later than all before it, also than a forget that came after the operation it replaces.
    this.pending.delete(key);
    this.pending.set(key, operation);
    this.arm(this.options.writeDelayMs ?? 200);
  }

  private arm(delayMs: number): void {
    this.cancelTimer ??= this.options.clock.after(this.broken ? RETRY_MS : delayMs, () => {
      this.cancelTimer = undefined;
      void this.writePending();
    });
  }

  private writePending(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    return this.writes(() => this.write());
  }

  private async write(): Promise<void> {
    const operations = this.pending;
    if (this.closed || (operations.size === 0 && !this.broken)) return;
    this.pending = new Map();
    try {
      const history = this.file.bytes - REWRITE_FACTOR * this.shelves.cost;
      if (this.broken || history > REWRITE_MIN_BYTES) await this.file.rewrite(this.everything());
      else await this.file.append(operations.values());
      if (this.broken) this.options.logger.info('the local index is written again');
      this.broken = false;
    } catch (error) {
      await this.onFailure(error);
    }
  }

  /** All that is known, while it may change: what changes meanwhile is pending and is written behind it. */
  private *everything(): Iterable<IndexOperation> {
    for (const { key, shelf } of [...this.shelves.all()]) yield* operationsOf(key, shelf);
  }

  private async onFailure(error: unknown): Promise<void> {
    if (!this.broken) {
      this.options.logger.error({ err: error }, 'the local index cannot be written: it goes on in memory');
    }
    this.broken = true;
    await this.file.remove().catch(() => undefined);
    // Nothing of it is needed: the next try writes everything.
    this.pending.clear();
    this.arm(RETRY_MS);
  }
}

/** The key alone: callers may hand in objects that hold more, and all of it would be written down. */
function keyOf({ organizationUid, originVersion, repository }: RepositoryKey): RepositoryKey {
  return { organizationUid, originVersion, repository };
}
