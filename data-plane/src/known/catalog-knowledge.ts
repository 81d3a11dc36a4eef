import { LRUCache } from 'lru-cache';
import { isLayoverError, type LayoverError } from '../../../common/errors/layover-error';
import type { Descriptor } from '../../../common/oci/descriptor';
import type { Digest } from '../../../common/oci/digest';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { LocalIndex } from './local-index';
import type { KeptReferrers, Knowledge } from './knowledge';
import type { PullJournal } from '../journal/pull-journal';
import type { ContentUses } from '../store/uses/content-uses';
import { admittedManifest } from './admitted-manifest';
import type { RepositoryKey } from '../access/repository-key';
import type { Admission, CachedManifest, CachedTag, Catalog } from './catalog';
import { Doubts } from './doubts';
import { SingleFlight } from '../../../common/async/single-flight';

/**
 * An answer to "what do we know". `absent` is the Catalog's word; `unknown` means that the control plane is away and nothing is
 * known here: the content may well be cached, so that "not found" must not be answered for this reason.
 */
export type Known<T> =
  { readonly state: 'known'; readonly value: T } | { readonly state: 'absent' } | { readonly state: 'unknown' };

/** Least time between two lines of log about a failing control plane, in milliseconds. */
const FAILURE_LOG_INTERVAL_MS = 10_000;

/** Most uses that an admission tells of. */
const MAX_USES_IN_ADMISSION = 1000;

/** What the knowledge needs. */
export interface KnowledgeOptions {
  readonly index: LocalIndex;
  readonly catalog: Catalog;
  /** Takes admissions while the control plane is away; says whether some may still wait. */
  readonly journal: PullJournal & { admissionsPending(): boolean };
  /** What is read and filled: told with every admission, so that it is not evicted to make room. */
  readonly uses: Pick<ContentUses, 'list'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Keys of which this process remembers that the Catalog has confirmed them; default 50,000. */
  readonly maxConfirmed?: number;
}

/** What pulls know of the catalog, with what the configuration's stream tells it to forget (see createConfiguration). */
export function createKnowledge(options: KnowledgeOptions): CatalogKnowledge {
  return new CatalogKnowledge(options);
}

/**
 * The one place where pulls ask what is cached: the local index first, then the Catalog.
 *
 * The local index is trusted for what the Catalog confirmed, or this data plane itself put there, since the current stream of
 * invalidations began. What is older may have been changed in between; it is asked for once more, and still serves while the
 * control plane is away. Absence is never remembered: content that another data plane admits is seen at once.
 */
export class CatalogKnowledge implements Knowledge {
  /** When a key was confirmed, as the doubts count it: before the last doubt about it, that is worth nothing. */
  private readonly confirmed: LRUCache<string, number>;
  private readonly flights = new SingleFlight<Known<unknown>>();
  private readonly doubts = new Doubts();
  private loggedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: KnowledgeOptions) {
    this.confirmed = new LRUCache({ max: options.maxConfirmed ?? 50_000 });
  }

  async tag(repository: RepositoryKey, tag: string): Promise<CachedTag | undefined> {
    return valueOf(await this.findTag(repository, tag));
  }

  async manifest(repository: RepositoryKey, digest: Digest): Promise<CachedManifest | undefined> {
    return valueOf(await this.findManifest(repository, digest));
  }

  async blob(repository: RepositoryKey, digest: Digest): Promise<Descriptor | undefined> {
    return valueOf(await this.findBlob(repository, digest));
  }

  /** What is known of a tag, also when it is expired. Throws what the Catalog says, never for an outage. */
  findTag(repository: RepositoryKey, tag: string): Promise<Known<CachedTag>> {
    const { index, catalog } = this.options;
    return this.lookUp({
      key: keyOf('tag', repository, tag),
      doubted: () => this.doubts.since(repository, tag),
      local: () => index.tag(repository, tag),
      ask: () => catalog.lookupTag(repository, tag),
      keep: (value) => index.putTag(repository, tag, value),
      drop: () => index.removeTag(repository, tag),
      newer: (local, remote) => local.checkedAt > remote.checkedAt,
    });
  }

  /** Whether the repository holds a manifest, and what that names. Throws what the Catalog says, never for an outage. */
  findManifest(repository: RepositoryKey, digest: Digest): Promise<Known<CachedManifest>> {
    const { index, catalog } = this.options;
    return this.lookUp({
      key: keyOf('manifest', repository, digest),
      doubted: () => this.doubts.since(repository),
      local: () => index.manifest(repository, digest),
      ask: () => catalog.lookupManifest(repository, digest),
      keep: (value) => this.rememberManifest(repository, value),
      drop: () => index.forget(repository.organizationUid, repository.repository, '', digest),
    });
  }

  /** Whether the repository holds a blob. Throws what the Catalog says, never for an outage. */
  findBlob(repository: RepositoryKey, digest: Digest): Promise<Known<Descriptor>> {
    const { index, catalog } = this.options;
    return this.lookUp({
      key: keyOf('blob', repository, digest),
      doubted: () => this.doubts.since(repository),
      local: () => index.blob(repository, digest),
      ask: () => catalog.lookupBlob(repository, digest),
      keep: (value) => index.putBlob(repository, value),
      // It may have been proven by upstream without a manifest here that names it: that is to be proven again, and stands meanwhile.
      drop: () => undefined,
    });
  }

  /** The Catalog's tags, or while it is away those known here and not expired. */
  async tags(
    repository: RepositoryKey,
    limit: number,
    last: string,
  ): Promise<{ readonly tags: readonly string[]; readonly more: boolean }> {
    try {
      return await this.options.catalog.listCachedTags(repository, limit, last);
    } catch (error) {
      this.tolerate(error);
    }
    const { index, clock } = this.options;
    const now = clock.now();
    const tags = index.tags(repository, Number.MAX_SAFE_INTEGER, last).filter((tag) => {
      const expiresAt = index.tag(repository, tag)?.expiresAt;
      return expiresAt === undefined || expiresAt > now;
    });
    return { tags: tags.slice(0, limit), more: tags.length > limit };
  }

  /**
   * Asks whether a manifest may be kept; when it may, it is known from now on. While the control plane is away the admission goes
   * to the journal and counts as made; when the journal has no room for it, nothing is kept: pass-through.
   * Throws what the Catalog says, never for an outage.
   */
  async admit(request: AdmitManifestRequest): Promise<Admission> {
    const asked = this.doubts.now();
    const admission = await this.decide(request);
    if (admission.decision !== 'admitted' || !request.repository) return admission;
    const { organizationUid = '', originVersion = '', repository = '' } = request.repository;
    const key = { organizationUid, originVersion, repository };
    if (this.doubts.since(key) <= asked) this.rememberManifest(key, admittedManifest(request));
    return admission;
  }

  /** A tag was checked with upstream, or moved: from now on this is what is known of it. */
  putTag(repository: RepositoryKey, tag: string, value: CachedTag): void {
    this.options.index.putTag(repository, tag, value);
    this.confirm(keyOf('tag', repository, tag));
  }

  /**
   * A pull was answered with `before` without asking upstream: the control plane pushes the expiration when the record of that pull comes to it,
   * and tells nobody. Nothing is written where the tag was changed, or is in doubt, since it was looked up.
   */
  pushExpiration(repository: RepositoryKey, tag: string, before: CachedTag, expiresAt: number): void {
    const local = this.options.index.tag(repository, tag);
    const key = keyOf('tag', repository, tag);
    if (local === undefined || !this.isConfirmed({ key, doubted: () => this.doubts.since(repository, tag) })) return;
    const isSame =
      local.manifest.digest === before.manifest.digest &&
      local.checkedAt === before.checkedAt &&
      local.expiresAt === before.expiresAt;
    if (isSame) this.options.index.putTag(repository, tag, { ...local, expiresAt });
  }

  /** A tag is gone; an answer of the Catalog that is on its way is not remembered. */
  removeTag(repository: RepositoryKey, tag: string): void {
    this.doubts.about(repository.organizationUid, repository.repository, tag);
    this.options.index.removeTag(repository, tag);
  }

  /** A blob was proven by upstream to this organization. */
  putBlob(repository: RepositoryKey, blob: Descriptor): void {
    this.options.index.putBlob(repository, blob);
    this.confirm(keyOf('blob', repository, blob.digest));
  }

  /** The last good referrers answer; the control plane keeps none. */
  referrers(repository: RepositoryKey, key: string): KeptReferrers | undefined {
    return this.options.index.referrers(repository, key);
  }

  putReferrers(repository: RepositoryKey, key: string, value: KeptReferrers): void {
    this.options.index.putReferrers(repository, key, value);
  }

  /**
   * Forgets here and in the local index; see LocalIndex.forget. What else is known of the same repository (of the tag alone, where that is all that is
   * meant) is asked for once more, because it may follow from what is forgotten; other repositories are left alone, unless none is named.
   * Answers under way that could be about it are given and not remembered.
   */
  forget(organizationUid: string, repository: string, tag: string, digest: string): void {
    this.doubts.about(organizationUid, repository, digest === '' ? tag : '');
    this.options.index.forget(organizationUid, repository, tag, digest);
  }

  /** Invalidations may have been missed: everything known is asked for once more when it is needed, as long as the Catalog answers. */
  doubt(): void {
    this.doubts.all();
    this.confirmed.clear();
  }

  private rememberManifest(repository: RepositoryKey, value: CachedManifest): void {
    this.options.index.putManifest(repository, value);
    this.confirm(keyOf('manifest', repository, value.manifest.digest));
    for (const { descriptor } of value.references) {
      if (descriptor?.digest) this.confirm(keyOf('blob', repository, descriptor.digest));
    }
  }

  private confirm(key: string): void {
    this.confirmed.set(key, this.doubts.now());
  }

  private isConfirmed({ key, doubted }: Pick<LookUp<unknown>, 'key' | 'doubted'>): boolean {
    const confirmedAt = this.confirmed.get(key);
    return confirmedAt !== undefined && confirmedAt >= doubted();
  }

  private async decide(request: AdmitManifestRequest): Promise<Admission> {
    const { catalog, uses } = this.options;
    const inUse = uses.list(MAX_USES_IN_ADMISSION, request.repository?.organizationUid ?? '');
    try {
      return await catalog.admit({ ...request, inUse });
    } catch (error) {
      this.tolerate(error);
    }
    try {
      // Without the uses: they are over when it is delivered.
      await this.options.journal.append({ admission: request });
      return { decision: 'admitted' };
    } catch (error) {
      if (!isLayoverError(error)) throw error;
      return { decision: 'pass-through' };
    }
  }

  private async lookUp<T>(one: LookUp<T>): Promise<Known<T>> {
    const local = one.local();
    if (local !== undefined && this.isConfirmed(one)) return { state: 'known', value: local };
    // Whoever asks after a doubt does not join a question from before it.
    return (await this.flights.run(`${one.doubted()}\0${one.key}`, () => this.ask(one))) as Known<T>;
  }

  private async ask<T>(one: LookUp<T>): Promise<Known<T>> {
    const asked = this.doubts.now();
    let remote: T | undefined;
    try {
      remote = await one.ask();
    } catch (error) {
      this.tolerate(error);
      const local = one.local();
      return local === undefined ? { state: 'unknown' } : { state: 'known', value: local };
    }
    // What is known here now, not when the question was put: a pull may have learned more meanwhile.
    const local = one.local();
    if (local !== undefined && this.isAhead(one, local, remote)) return { state: 'known', value: local };
    if (one.doubted() <= asked) {
      if (remote !== undefined) {
        one.keep(remote);
        this.confirm(one.key);
      } else if (local !== undefined) {
        one.drop();
      }
    }
    return remote === undefined ? { state: 'absent' } : { state: 'known', value: remote };
  }

  /** Whether the Catalog can't know yet what is known here: it waits in the journal, or came in while the question was under way. */
  private isAhead<T>(one: LookUp<T>, local: T, remote: T | undefined): boolean {
    if (remote !== undefined) return one.newer?.(local, remote) ?? false;
    return this.isConfirmed(one) || this.options.journal.admissionsPending();
  }

  /** Throws what a pull must fail for; an outage of the control plane or its database is not that. */
  private tolerate(error: unknown): void {
    if (!isOutage(error)) throw error;
    const now = this.options.clock.now();
    if (error.key === 'NOT_READY' || now - this.loggedAt < FAILURE_LOG_INTERVAL_MS) return;
    this.loggedAt = now;
    this.options.logger.error({ err: error }, 'the control plane failed; going on with what is known here');
  }
}

/** One question to the Catalog, and what is done with the answer. */
interface LookUp<T> {
  readonly key: string;
  /** When there was last a doubt about it. */
  readonly doubted: () => number;
  /** What is known here now. */
  readonly local: () => T | undefined;
  readonly ask: () => Promise<T | undefined>;
  readonly keep: (value: T) => void;
  /** The Catalog says that what is known locally is not so. */
  readonly drop: () => void;
  /** Whether what is known locally is later than what the Catalog says. */
  readonly newer?: (local: T, remote: T) => boolean;
}

function valueOf<T>(known: Known<T>): T | undefined {
  return known.state === 'known' ? known.value : undefined;
}

function isOutage(error: unknown): error is LayoverError {
  return isLayoverError(error) && (error.entry.retryable || error.key === 'INTERNAL');
}

function keyOf(kind: string, { organizationUid, originVersion, repository }: RepositoryKey, name: string): string {
  return `${kind}\0${organizationUid}\0${originVersion}\0${repository}\0${name}`;
}
