import { parseDigest } from '../../../../common/oci/digest';
import type { RepositoryKey } from '../../access/repository-key';
import { Shelf } from './shelf';

/** A shelf and its key. */
interface ShelfEntry {
  readonly key: RepositoryKey;
  readonly shelf: Shelf;
}

/**
 * All entries of the index in memory, within approximately `maxCost` bytes. Above this limit, the
 * least recently used repositories are dropped first. Of the last repository, the older half is
 * dropped.
 */
export class Shelves {
  private readonly organizations = new Map<string, Map<string, Map<string, ShelfEntry>>>();
  /** Least recently used first. */
  private readonly recency = new Set<ShelfEntry>();
  private total = 0;

  constructor(private readonly maxCost: number) {}

  /** Returns the approximate memory in bytes. */
  get cost(): number {
    return this.total;
  }

  /**
   * Returns the shelf of a repository for reading; undefined if nothing is known about the
   * repository.
   */
  find(key: RepositoryKey): Shelf | undefined {
    const place = this.organizations.get(key.organizationUid)?.get(key.repository)?.get(key.originVersion);
    if (place === undefined) return undefined;
    this.recency.delete(place);
    this.recency.add(place);
    return place.shelf;
  }

  /**
   * Changes the shelf of a repository. Creates the shelf if it does not exist, and removes it if it
   * is empty afterwards.
   */
  change(key: RepositoryKey, action: (shelf: Shelf) => void): void {
    const shelf = this.find(key) ?? this.make(key);
    const before = shelf.cost;
    action(shelf);
    this.total += shelf.cost - before;
    if (shelf.empty) this.drop(key);
    while (this.total > this.maxCost) this.evict();
  }

  /** Removes entries; see LocalIndex.forget. */
  forget(organizationUid: string, repository: string, tag: string, digest: string): void {
    const parsed = parseDigest(digest);
    for (const { key } of this.matching(organizationUid, repository)) {
      if (tag === '' && digest === '') {
        this.drop(key);
        continue;
      }
      this.change(key, (shelf) => {
        if (tag !== '') shelf.removeTag(tag);
        if (parsed !== undefined) shelf.forgetDigest(parsed);
      });
    }
  }

  /** Yields all shelves, least recently used first. */
  *all(): Iterable<ShelfEntry> {
    yield* this.recency;
  }

  private matching(organizationUid: string, repository: string): ShelfEntry[] {
    const repositories = this.organizations.get(organizationUid);
    if (repositories === undefined) return [];
    if (repository !== '') return [...(repositories.get(repository)?.values() ?? [])];
    return [...repositories.values()].flatMap((origins) => [...origins.values()]);
  }

  private make(key: RepositoryKey): Shelf {
    const place: ShelfEntry = { key, shelf: new Shelf() };
    const repositories = getOrCreate(
      this.organizations,
      key.organizationUid,
      () => new Map<string, Map<string, ShelfEntry>>(),
    );
    getOrCreate(repositories, key.repository, () => new Map<string, ShelfEntry>()).set(key.originVersion, place);
    this.recency.add(place);
    return place.shelf;
  }

  private drop(key: RepositoryKey): void {
    const repositories = this.organizations.get(key.organizationUid);
    const origins = repositories?.get(key.repository);
    const place = origins?.get(key.originVersion);
    if (place === undefined) return;
    this.total -= place.shelf.cost;
    this.recency.delete(place);
    origins!.delete(key.originVersion);
    if (origins!.size === 0) repositories!.delete(key.repository);
    if (repositories!.size === 0) this.organizations.delete(key.organizationUid);
  }

  private evict(): void {
    const [oldest] = this.recency;
    if (oldest === undefined) return;
    if (this.recency.size > 1) {
      this.drop(oldest.key);
      return;
    }
    const before = oldest.shelf.cost;
    oldest.shelf.evictHalf();
    this.total += oldest.shelf.cost - before;
    if (oldest.shelf.empty) this.drop(oldest.key);
  }
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
