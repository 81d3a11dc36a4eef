import pLimit from 'p-limit';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { Descriptor } from '../../../../common/oci/descriptor';
import type { Digest } from '../../../../common/oci/digest';
import type { RepositoryKey } from '../../access/repository-key';
import type { CachedManifest, CachedTag } from '../catalog';
import { IndexFile } from './index-file';
import {
  allOperations,
  applyOperation,
  type IndexContent,
  type IndexOperation,
  operationKey,
  referrersOperation,
} from './index-operation';
import { MAX_STORED_REFERRERS_BYTES, type StoredReferrers } from '../knowledge';
import type { LocalIndex } from '../local-index';
import { ProofTable } from './proof-table';
import { referrersKey } from './shelf';
import { Shelves } from './shelves';

/**
 * The parameters of {@link createLocalIndex}. `directory` is created with mode 0700 if it does not
 * exist. Only one process may use it at a time.
 */
export interface LocalIndexOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Approximate memory limit of the index, in bytes; default 64 MiB, about 12,000 images of ten
   * layers. Proofs of the right to read take up to half as much in addition. The file takes up to
   * three times as much.
   */
  readonly maxBytes?: number;
  /**
   * How long changes are collected in memory before they are written, in milliseconds; default 200.
   */
  readonly writeDelayMs?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/**
 * Longest place of a page in its list and position of the next one, in characters together. Longer
 * ones do not fit into a page token either.
 */
const MAX_POSITION = 32 * 1024;
/**
 * The file is rewritten if it is larger than the index by this factor, because most of it is then
 * outdated.
 */
const REWRITE_FACTOR = 2;
const REWRITE_MIN_BYTES = 8 * 1024 * 1024;
/** Interval between attempts to write while the disk fails. */
const RETRY_MS = 30_000;

/**
 * Opens the index in a directory with the entries of an earlier process. A damaged file is moved
 * aside, and the index starts empty.
 */
export async function createLocalIndex(options: LocalIndexOptions): Promise<LocalIndex> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const file = new IndexFile(options.directory);
  const nothing = (): IndexContent => ({ shelves: new Shelves(maxBytes), proofs: new ProofTable(maxBytes / 2) });
  let content = nothing();
  if (!(await file.load((operation) => applyOperation(content, operation)))) {
    options.logger.warn(
      { directory: options.directory },
      'The local index was damaged; its file was moved aside, and the index starts empty',
    );
    content = nothing();
  }
  return new DurableLocalIndex(content, file, options);
}

/**
 * A local index in memory that writes every change to a file in the background. Reads are look-ups
 * in maps and never wait for the disk. The memory is bounded; a dropped entry costs a call to the
 * Catalog.
 *
 * A failing or full disk never fails a caller: the index continues in memory. The file is then
 * removed, because without the latest removals it would restore outdated entries after a restart.
 * It is rewritten when the disk works again. (LMDB was the first plan for this port. It ends the
 * process if the disk is full: see SegmentLog.)
 */
class DurableLocalIndex implements LocalIndex {
  private pending = new Map<string, IndexOperation>();
  private serial = 0;
  private cancelTimer: (() => void) | undefined;
  /** Writes run one after the other. */
  private readonly writes = pLimit(1);
  private broken = false;
  private closed = false;
  private readonly shelves: Shelves;
  private readonly proofTable: ProofTable;

  constructor(
    private readonly content: IndexContent,
    private readonly file: IndexFile,
    private readonly options: LocalIndexOptions,
  ) {
    this.shelves = content.shelves;
    this.proofTable = content.proofs;
  }

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
    // Tags are ASCII, so the order of code units is the bytewise order.
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

  referrers(repository: RepositoryKey, digest: Digest, key: string): StoredReferrers | undefined {
    return this.shelves.find(repository)?.referrersOf(referrersKey(digest, key));
  }

  putReferrers(repository: RepositoryKey, digest: Digest, key: string, value: StoredReferrers): void {
    const { query = '', after = '' } = value.next ?? {};
    if (value.content.length > MAX_STORED_REFERRERS_BYTES) return;
    if (key.length + query.length + after.length > MAX_POSITION) return;
    this.run(referrersOperation(keyOf(repository), referrersKey(digest, key), value));
  }

  forget(organizationUid: string, repository: string, tag: string, digest: string): void {
    this.run(['forget', organizationUid, repository, tag, digest]);
  }

  proofs(identity: string, digest: Digest): readonly string[] {
    return this.proofTable.find(identity, digest);
  }

  putProof(identity: string, digest: Digest, upstreamRepository: string): void {
    this.run(['proof', identity, digest, upstreamRepository]);
  }

  forgetProofs(identity: string, digest: string): void {
    if (!this.proofTable.has(identity, digest)) return;
    this.run(['forget-proofs', identity, digest]);
  }

  identities(): readonly string[] {
    return this.proofTable.identities();
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
    applyOperation(this.content, operation);
    if (this.closed) return;
    const key = operationKey(operation, this.serial++);
    // Deleted first, so that the operation is at the end: after all earlier ones, including a
    // forget that came after the operation that it replaces.
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
      const history = this.file.bytes - REWRITE_FACTOR * (this.shelves.cost + this.proofTable.cost);
      if (this.broken || history > REWRITE_MIN_BYTES) await this.file.rewrite(allOperations(this.content));
      else await this.file.append(operations.values());
      if (this.broken) this.options.logger.info('The local index is written to disk again');
      this.broken = false;
    } catch (error) {
      await this.onFailure(error);
    }
  }

  private async onFailure(error: unknown): Promise<void> {
    if (!this.broken) {
      this.options.logger.error({ err: error }, 'The local index cannot be written to disk; it continues in memory');
    }
    this.broken = true;
    await this.file.remove().catch(() => undefined);
    // The next attempt writes everything, so pending operations are not needed.
    this.pending.clear();
    this.arm(RETRY_MS);
  }
}

/**
 * Copies the fields of the key: callers may pass objects with more fields, which must not be
 * written to disk.
 */
function keyOf({ organizationUid, originVersion, repository }: RepositoryKey): RepositoryKey {
  return { organizationUid, originVersion, repository };
}
