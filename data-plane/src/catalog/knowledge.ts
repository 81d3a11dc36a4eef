import { LRUCache } from 'lru-cache';
import { isLayoverError } from '../../../common/errors/layover-error';
import type { Descriptor } from '../../../common/oci/descriptor';
import type { Digest } from '../../../common/oci/digest';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { LocalIndex } from '../local-index/local-index';
import type { PullJournal } from '../records/pull-journal';
import { admittedManifest } from './admitted-manifest';
import type { Admission, CachedManifest, CachedTag, Catalog, RepositoryKey } from './catalog';
import { SingleFlight } from './single-flight';

/**
 * An answer to "what do we know". `absent` is the Catalog's word; `unknown` means that the control plane is away and nothing is
 * known here: the content may well be cached, so it must not be answered with "not found" for this reason.
 */
export type Known<T> =
  { readonly state: 'known'; readonly value: T } | { readonly state: 'absent' } | { readonly state: 'unknown' };

/** What the knowledge needs. */
export interface KnowledgeOptions {
  readonly index: LocalIndex;
  readonly catalog: Catalog;
  /** Takes admissions while the control plane is away; says whether some may still wait. */
  readonly journal: PullJournal & { admissionsPending(): boolean };
  /** Keys of which this process remembers that the Catalog has confirmed them; default 50,000. */
  readonly maxConfirmed?: number;
}

/**
 * The one place where pulls ask what is cached: the local index first, then the Catalog.
 *
 * The local index is trusted for what the Catalog confirmed, or this data plane itself put there, since the current stream of
 * invalidations began. What is older may have been changed in between; it is asked for once more, and still serves while the
 * control plane is away. Absence is never remembered: content that another data plane admits is seen at once.
 */
export class Knowledge {
  private readonly confirmed: LRUCache<string, true>;
  private readonly flights = new SingleFlight<Known<unknown>>();
  /** Grows with everything forgotten: an answer that was asked for before that is not remembered. */
  private epoch = 0;

  constructor(private readonly options: KnowledgeOptions) {
    this.confirmed = new LRUCache({ max: options.maxConfirmed ?? 50_000 });
  }

  /** What is known of a tag, also when it is expired. Throws what the Catalog says, never NOT_READY. */
  tag(repository: RepositoryKey, tag: string): Promise<Known<CachedTag>> {
    const { index, catalog } = this.options;
    return this.lookUp({
      key: keyOf('tag', repository, tag),
      local: index.tag(repository, tag),
      ask: () => catalog.lookupTag(repository, tag),
      keep: (value) => index.putTag(repository, tag, value),
      drop: () => index.removeTag(repository, tag),
      newer: (local, remote) => local.checkedAt > remote.checkedAt,
    });
  }

  /** Whether the repository holds a manifest, and what that names. Throws what the Catalog says, never NOT_READY. */
  manifest(repository: RepositoryKey, digest: Digest): Promise<Known<CachedManifest>> {
    const { index, catalog } = this.options;
    return this.lookUp({
      key: keyOf('manifest', repository, digest),
      local: index.manifest(repository, digest),
      ask: () => catalog.lookupManifest(repository, digest),
      keep: (value) => this.rememberManifest(repository, value),
      drop: () => index.forget(repository.organizationUid, repository.repository, '', digest),
    });
  }

  /** Whether the repository holds a blob. Throws what the Catalog says, never NOT_READY. */
  blob(repository: RepositoryKey, digest: Digest): Promise<Known<Descriptor>> {
    const { index, catalog } = this.options;
    return this.lookUp({
      key: keyOf('blob', repository, digest),
      local: index.blob(repository, digest),
      ask: () => catalog.lookupBlob(repository, digest),
      keep: (value) => index.putBlob(repository, value),
      // It may have been proven by upstream without a manifest here that names it: that is to be proven again, and stands meanwhile.
      drop: () => undefined,
    });
  }

  /**
   * The tags that may be served, in bytewise order: the Catalog's, or while it is away those known here and not expired at `now`.
   * `complete` is false for the latter: there may be others.
   */
  async tags(
    repository: RepositoryKey,
    limit: number,
    last: string,
    now: number,
  ): Promise<{ readonly tags: readonly string[]; readonly more: boolean; readonly complete: boolean }> {
    try {
      return { ...(await this.options.catalog.listCachedTags(repository, limit, last)), complete: true };
    } catch (error) {
      if (!isAway(error)) throw error;
    }
    const { index } = this.options;
    const tags = index.tags(repository, Number.MAX_SAFE_INTEGER, last).filter((tag) => {
      const expiresAt = index.tag(repository, tag)?.expiresAt;
      return expiresAt === undefined || expiresAt > now;
    });
    return { tags: tags.slice(0, limit), more: tags.length > limit, complete: false };
  }

  /**
   * Asks whether a manifest may be kept; when it may, it is known from now on, and so is its tag until `expiresAt` (milliseconds
   * since the epoch; undefined = never). While the control plane is away the admission goes to the journal and counts as made; when
   * the journal has no room for it, nothing is kept: pass-through. Throws what the Catalog says, never NOT_READY.
   */
  async admit(
    repository: RepositoryKey,
    request: Omit<AdmitManifestRequest, 'repository'>,
    expiresAt: number | undefined,
  ): Promise<Admission> {
    const { organizationUid, originVersion, repository: name } = repository;
    const epoch = this.epoch;
    const admission = await this.decide({
      ...request,
      repository: { organizationUid, originVersion, repository: name },
    });
    if (admission.decision !== 'admitted' || epoch !== this.epoch) return admission;
    const manifest = admittedManifest(request);
    this.rememberManifest(repository, manifest);
    if (request.tag) {
      const checkedAt = Number(request.checkedAt ?? 0);
      this.rememberTag(repository, request.tag, { manifest: manifest.manifest, checkedAt, expiresAt });
    }
    return admission;
  }

  /** A tag was checked with upstream, or served: from now on this is what is known of it. */
  rememberTag(repository: RepositoryKey, tag: string, value: CachedTag): void {
    this.options.index.putTag(repository, tag, value);
    this.confirmed.set(keyOf('tag', repository, tag), true);
  }

  /** A tag is gone. */
  removeTag(repository: RepositoryKey, tag: string): void {
    this.epoch += 1;
    this.options.index.removeTag(repository, tag);
    this.confirmed.delete(keyOf('tag', repository, tag));
  }

  /** A blob was proven by upstream to this organization. */
  rememberBlob(repository: RepositoryKey, blob: Descriptor): void {
    this.options.index.putBlob(repository, blob);
    this.confirmed.set(keyOf('blob', repository, blob.digest), true);
  }

  /** Forgets here and in the local index; see LocalIndex.forget. Answers under way are given and not remembered. */
  forget(organizationUid: string, repository: string, tag: string, digest: string): void {
    this.doubt();
    this.options.index.forget(organizationUid, repository, tag, digest);
  }

  /** Invalidations may have been missed: everything known is asked for once more when it is needed, as long as the Catalog answers. */
  doubt(): void {
    this.epoch += 1;
    this.confirmed.clear();
    this.flights.clear();
  }

  private rememberManifest(repository: RepositoryKey, value: CachedManifest): void {
    this.options.index.putManifest(repository, value);
    this.confirmed.set(keyOf('manifest', repository, value.manifest.digest), true);
    for (const { descriptor } of value.references) {
      if (descriptor?.digest) this.confirmed.set(keyOf('blob', repository, descriptor.digest), true);
    }
  }

  private async decide(request: AdmitManifestRequest): Promise<Admission> {
    try {
      return await this.options.catalog.admit(request);
    } catch (error) {
      if (!isAway(error)) throw error;
    }
    try {
      await this.options.journal.append({ admission: request });
      return { decision: 'admitted' };
    } catch (error) {
      if (!isLayoverError(error)) throw error;
      return { decision: 'pass-through' };
    }
  }

  private async lookUp<T>(one: LookUp<T>): Promise<Known<T>> {
    if (one.local !== undefined && this.confirmed.has(one.key)) return { state: 'known', value: one.local };
    return (await this.flights.run(one.key, () => this.ask(one))) as Known<T>;
  }

  private async ask<T>({ key, local, ask, keep, drop, newer }: LookUp<T>): Promise<Known<T>> {
    const epoch = this.epoch;
    let remote: T | undefined;
    try {
      remote = await ask();
    } catch (error) {
      if (!isAway(error)) throw error;
      return local === undefined ? { state: 'unknown' } : { state: 'known', value: local };
    }
    // The Catalog does not know yet what waits in the journal: a later check of ours, or an admission made without it.
    if (
      local !== undefined &&
      (remote === undefined ? this.options.journal.admissionsPending() : newer?.(local, remote))
    ) {
      return { state: 'known', value: local };
    }
    if (epoch === this.epoch) {
      if (remote !== undefined) {
        keep(remote);
        this.confirmed.set(key, true);
      } else if (local !== undefined) {
        drop();
      }
    }
    return remote === undefined ? { state: 'absent' } : { state: 'known', value: remote };
  }
}

/** One question, with what is known locally when it is asked. */
interface LookUp<T> {
  readonly key: string;
  readonly local: T | undefined;
  readonly ask: () => Promise<T | undefined>;
  readonly keep: (value: T) => void;
  /** The Catalog says that what is known locally is not so. */
  readonly drop: () => void;
  /** Whether what is known locally is later than what the Catalog says. */
  readonly newer?: (local: T, remote: T) => boolean;
}

function isAway(error: unknown): boolean {
  return isLayoverError(error) && error.key === 'NOT_READY';
}

function keyOf(kind: string, { organizationUid, originVersion, repository }: RepositoryKey, name: string): string {
  return `${kind}\0${organizationUid}\0${originVersion}\0${repository}\0${name}`;
}
