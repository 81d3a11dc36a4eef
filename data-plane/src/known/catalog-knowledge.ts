import { LRUCache } from 'lru-cache';
import { isLayoverError, type LayoverError } from '../../../common/errors/layover-error';
import type { Descriptor } from '../../../common/oci/descriptor';
import type { Digest } from '../../../common/oci/digest';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { LocalIndex } from './local-index';
import type { Knowledge, KnownProof, ProofTarget, StoredReferrers, StoredTagPage } from './knowledge';
import type { PullJournal } from '../journal/pull-journal';
import type { ContentUses } from '../store/uses/content-uses';
import { admittedManifest } from './admitted-manifest';
import type { RepositoryKey } from '../access/repository-key';
import type { ManifestAdmission, CachedManifest, CachedTag, Catalog } from './catalog';
import { Doubts } from './doubts';
import { TagPages } from './tag-pages';
import { SingleFlight } from '../../../common/async/single-flight';

/**
 * The result of a look-up. `absent` means that the Catalog does not have the content. `unknown`
 * means that the control plane is unreachable and the local index does not have the content either:
 * it may still be cached, so callers must not answer "not found".
 */
export type Known<T> =
  { readonly state: 'known'; readonly value: T } | { readonly state: 'absent' } | { readonly state: 'unknown' };

/** Minimum interval between two log lines about a failing control plane, in milliseconds. */
const FAILURE_LOG_INTERVAL_MS = 10_000;

/** Maximum number of content uses that are sent with an admission. */
const MAX_USES_IN_ADMISSION = 1000;

/** The parameters of {@link createKnowledge}. */
export interface KnowledgeOptions {
  readonly index: LocalIndex;
  readonly catalog: Catalog;
  /**
   * Stores admissions while the control plane is unreachable, and returns whether some are still
   * pending.
   */
  readonly journal: PullJournal & { admissionsPending(): boolean };
  /**
   * Content that is being read or filled. It is sent with every admission, so that it is not
   * evicted to make room.
   */
  readonly uses: Pick<ContentUses, 'list'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Number of keys that this process remembers as confirmed by the Catalog; default 50,000. */
  readonly maxConfirmed?: number;
}

/**
 * Creates the view that pulls have of the catalog. The stream of the configuration invalidates it
 * (see createConfiguration).
 */
export function createKnowledge(options: KnowledgeOptions): CatalogKnowledge {
  return new CatalogKnowledge(options);
}

/**
 * Answers what is cached for pulls: from the local index first, then from the Catalog.
 *
 * An entry of the local index is trusted if the Catalog confirmed it, or this data plane wrote it,
 * since the current stream of invalidations began. An older entry may have changed in between: it
 * is looked up again, and is still served while the control plane is unreachable. Absence is never
 * cached, so that content that another data plane admits is visible immediately.
 */
export class CatalogKnowledge implements Knowledge {
  /**
   * The count of {@link Doubts} at which each key was confirmed. A doubt after that makes the
   * confirmation worthless.
   */
  private readonly confirmed: LRUCache<string, number>;
  private readonly flights = new SingleFlight<Known<unknown>>();
  private readonly proofFlights = new SingleFlight<void>();
  private readonly doubts = new Doubts();
  private readonly tagPages = new TagPages();
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

  async blob(target: ProofTarget, digest: Digest): Promise<Descriptor | undefined> {
    return valueOf(await this.findBlob(target, digest));
  }

  /** Looks up a tag, including an expired one. Throws errors of the Catalog, except outages. */
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

  /**
   * Looks up a manifest of the repository and the content that it names. Throws errors of the
   * Catalog, except outages.
   */
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

  /** Looks up a blob of the repository. Throws errors of the Catalog, except outages. */
  findBlob(target: ProofTarget, digest: Digest): Promise<Known<Descriptor>> {
    const { index } = this.options;
    const repository = target.key;
    return this.lookUp({
      key: keyOf('blob', repository, digest),
      doubted: () => this.doubts.since(repository),
      local: () => index.blob(repository, digest),
      ask: () => this.askForBlob(target, digest),
      keep: (value) => index.putBlob(repository, value),
      // The upstream may have confirmed the blob although no manifest here names it. It is
      // confirmed again later, and is kept until then.
      drop: () => undefined,
    });
  }

  isProven(target: ProofTarget, digest: Digest): boolean {
    return target.holder.identities.some((identity) => this.provingRepository(target, identity, digest) !== undefined);
  }

  knownProof(target: ProofTarget, digest: Digest): KnownProof | undefined {
    const { index } = this.options;
    const { identities } = target.holder;
    for (const identity of identities) {
      const upstreamRepository = this.provingRepository(target, identity, digest);
      if (upstreamRepository === undefined) continue;
      const known = identities.filter((one) => index.proofs(one, digest).includes(upstreamRepository));
      return { identities: known, upstreamRepository };
    }
    return undefined;
  }

  /**
   * Returns the repository of a proof that this identity has and that is good for the target, if
   * there is one.
   */
  private provingRepository({ holder, upstream }: ProofTarget, identity: string, digest: Digest): string | undefined {
    const repositories = this.options.index.proofs(identity, digest);
    // The repository of the request itself may be pulled, so usually no pattern is matched.
    return repositories.includes(upstream.name) ? upstream.name : repositories.find(holder.mayPull);
  }

  async findProof(target: ProofTarget, digest: Digest): Promise<boolean> {
    if (this.isProven(target, digest)) return true;
    const [identity] = target.holder.identities;
    const { organizationUid, repository } = target.key;
    try {
      await this.proofFlights.run(JSON.stringify([identity, organizationUid, repository, digest]), async () => {
        await this.askForBlob(target, digest);
      });
    } catch (error) {
      this.ignoreOutage(error);
    }
    return this.isProven(target, digest);
  }

  putProof(identities: readonly string[], digest: Digest, upstreamRepository: string): boolean {
    const { index } = this.options;
    let isNew = false;
    for (const identity of identities) {
      if (index.proofs(identity, digest).includes(upstreamRepository)) continue;
      index.putProof(identity, digest, upstreamRepository);
      isNew = true;
    }
    return isNew;
  }

  /** Forgets the proofs of all identities for which `isGone` returns true. */
  forgetProofs(isGone: (identity: string) => boolean): void {
    const { index } = this.options;
    for (const identity of index.identities()) if (isGone(identity)) index.forgetProofs(identity, '');
  }

  /**
   * Forgets the proofs of a digest that is removed from the store. The control plane keeps those of
   * content that a manifest names, and is asked for them.
   */
  forgetProofsOf(digest: Digest): void {
    this.options.index.forgetProofs('', digest);
  }

  /**
   * Lists the tags of the Catalog. While the Catalog is unreachable, lists the tags in the local
   * index that have not expired.
   */
  async tags(
    repository: RepositoryKey,
    limit: number,
    last: string,
  ): Promise<{ readonly tags: readonly string[]; readonly more: boolean }> {
    try {
      return await this.options.catalog.listCachedTags(repository, limit, last);
    } catch (error) {
      this.ignoreOutage(error);
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
   * Requests the admission of a manifest; an admitted manifest is known from then on. While the
   * control plane is unreachable, the admission is written to the journal and counts as admitted.
   * If the journal has no room, the manifest is passed through and not kept. Throws errors of the
   * Catalog, except outages.
   */
  async admit(request: AdmitManifestRequest): Promise<ManifestAdmission> {
    const asked = this.doubts.now();
    const admission = await this.decide(request);
    if (admission.decision !== 'admitted' || !request.repository) return admission;
    const { organizationUid = '', originVersion = '', repository = '' } = request.repository;
    const key = { organizationUid, originVersion, repository };
    if (this.doubts.since(key) <= asked) this.rememberManifest(key, admittedManifest(request));
    return admission;
  }

  /** Stores a tag that was revalidated or moved. */
  putTag(repository: RepositoryKey, tag: string, value: CachedTag): void {
    this.options.index.putTag(repository, tag, value);
    this.confirm(keyOf('tag', repository, tag));
  }

  /**
   * Extends the expiration of a tag that was served as `before` without asking the upstream. The
   * control plane extends the expiration when it processes the record of the pull, and sends no
   * invalidation for that. Writes nothing if the tag was changed or invalidated since it was looked
   * up.
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

  /** Removes a tag. An answer of the Catalog that is still under way is not stored. */
  removeTag(repository: RepositoryKey, tag: string): void {
    this.doubts.about(repository.organizationUid, repository.repository, tag);
    this.options.index.removeTag(repository, tag);
  }

  /** Stores a blob whose presence the upstream confirmed to this organization. */
  putBlob(repository: RepositoryKey, blob: Descriptor): void {
    this.options.index.putBlob(repository, blob);
    this.confirm(keyOf('blob', repository, blob.digest));
  }

  changes(repository: RepositoryKey): number {
    return this.doubts.since(repository);
  }

  /** Returns a stored page of referrers. The control plane does not store them. */
  referrers(repository: RepositoryKey, digest: Digest, key: string): StoredReferrers | undefined {
    return this.options.index.referrers(repository, digest, key);
  }

  putReferrers(repository: RepositoryKey, digest: Digest, key: string, value: StoredReferrers): void {
    this.options.index.putReferrers(repository, digest, key, value);
  }

  tagPage(repository: RepositoryKey, key: string): StoredTagPage | undefined {
    return this.tagPages.find(repository, key);
  }

  putTagPage(repository: RepositoryKey, key: string, value: StoredTagPage): void {
    this.tagPages.put(repository, key, value);
  }

  /**
   * Removes entries here and in the local index; see LocalIndex.forget. Other entries of the same
   * repository (or only of the same tag, if one is named) are confirmed again when they are needed,
   * because they may depend on what was removed. Other repositories are not affected, unless no
   * repository is named. Answers under way that may be affected are returned but not stored.
   */
  forget(organizationUid: string, repository: string, tag: string, digest: string): void {
    this.doubts.about(organizationUid, repository, digest === '' ? tag : '');
    this.options.index.forget(organizationUid, repository, tag, digest);
    // Pages list what the upstream has, which a removal from the cache does not change.
    if (tag === '' && digest === '') this.tagPages.forget(organizationUid, repository);
  }

  /**
   * Marks all entries as unconfirmed, because invalidations may have been missed. Entries are
   * confirmed again when they are needed and the Catalog is reachable.
   */
  doubt(): void {
    this.doubts.all();
    this.confirmed.clear();
  }

  /**
   * Asks the Catalog for a blob, and stores the proofs that it knows. They are stored for the
   * organization's own identity only: the Catalog does not say which identity they belong to.
   */
  private async askForBlob({ key, holder }: ProofTarget, digest: Digest): Promise<Descriptor | undefined> {
    const { blob, provenBy } = await this.options.catalog.lookupBlob(key, digest, holder.identities);
    const [own] = holder.identities;
    for (const repository of provenBy) this.putProof([own], digest, repository);
    return blob;
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

  private isConfirmed({ key, doubted }: Pick<Lookup<unknown>, 'key' | 'doubted'>): boolean {
    const confirmedAt = this.confirmed.get(key);
    return confirmedAt !== undefined && confirmedAt >= doubted();
  }

  private async decide(request: AdmitManifestRequest): Promise<ManifestAdmission> {
    const { catalog, uses } = this.options;
    const inUse = uses.list(MAX_USES_IN_ADMISSION, request.repository?.organizationUid ?? '');
    try {
      return await catalog.admit({ ...request, inUse });
    } catch (error) {
      this.ignoreOutage(error);
    }
    try {
      // Uses are left out: they will have ended when the admission is delivered.
      await this.options.journal.append({ admission: request });
      return { decision: 'admitted' };
    } catch (error) {
      if (!isLayoverError(error)) throw error;
      return { decision: 'pass-through' };
    }
  }

  private async lookUp<T>(one: Lookup<T>): Promise<Known<T>> {
    const local = one.local();
    if (local !== undefined && this.isConfirmed(one)) return { state: 'known', value: local };
    // The key contains the count of doubts: a caller after a doubt must not join a call from before
    // it.
    return (await this.flights.run(`${one.doubted()}\0${one.key}`, () => this.ask(one))) as Known<T>;
  }

  private async ask<T>(one: Lookup<T>): Promise<Known<T>> {
    const asked = this.doubts.now();
    // Read before the call: an admission that is delivered during the call may be missing in the
    // answer.
    const admissionsPending = this.options.journal.admissionsPending();
    let remote: T | undefined;
    try {
      remote = await one.ask();
    } catch (error) {
      this.ignoreOutage(error);
      const local = one.local();
      return local === undefined ? { state: 'unknown' } : { state: 'known', value: local };
    }
    // Read after the call: a pull may have written to the local index meanwhile.
    const local = one.local();
    if (local !== undefined && this.isAhead(one, local, remote, admissionsPending)) {
      return { state: 'known', value: local };
    }
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

  /**
   * Returns whether the local entry is newer than the Catalog's: an admission was pending in the
   * journal when the call began, or the entry was written during the call.
   */
  private isAhead<T>(one: Lookup<T>, local: T, remote: T | undefined, admissionsPending: boolean): boolean {
    if (remote !== undefined) return one.newer?.(local, remote) ?? false;
    return this.isConfirmed(one) || admissionsPending;
  }

  /**
   * Ignores outages of the control plane or its database, and throws all other errors, which must
   * fail the pull.
   */
  private ignoreOutage(error: unknown): void {
    if (!isOutage(error)) throw error;
    const now = this.options.clock.steady();
    if (error.key === 'NOT_READY' || now - this.loggedAt < FAILURE_LOG_INTERVAL_MS) return;
    this.loggedAt = now;
    this.options.logger.error(
      { err: error },
      'The control plane failed; the data plane continues with the local index',
    );
  }
}

/** A look-up at the Catalog, and how to apply its answer. */
interface Lookup<T> {
  readonly key: string;
  /** Returns the count of the last doubt about the entry. */
  readonly doubted: () => number;
  /** Returns the current local entry. */
  readonly local: () => T | undefined;
  readonly ask: () => Promise<T | undefined>;
  readonly keep: (value: T) => void;
  /** Removes the local entry, which the Catalog contradicts. */
  readonly drop: () => void;
  /** Returns whether the local entry is newer than the answer of the Catalog. */
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
