import type { RepositoryKey } from '../access/repository-key';

/**
 * Number of scopes that are tracked separately. If there are more, the oldest doubts apply to
 * everything.
 */
const MAX_SCOPES = 10_000;

/**
 * Tracks what may have changed at the control plane. A counter grows with every doubt. An entry
 * that was confirmed, or requested, before the last doubt about it cannot be trusted. A doubt
 * covers everything, an organization, a repository (in every origin version, because invalidations
 * carry none), or a tag of a repository.
 */
export class Doubts {
  private count = 0;
  /** The count of the last doubt about everything. */
  private floor = 0;
  /** The count of the last doubt about each scope, oldest first. */
  private readonly scopes = new Map<string, number>();

  constructor(private readonly maxScopes = MAX_SCOPES) {}

  /** Returns the current count, for comparison with {@link since}. */
  now(): number {
    return this.count;
  }

  /**
   * Returns the count of the last doubt about a repository, or about one of its tags if a tag is
   * given.
   */
  since({ organizationUid, repository }: RepositoryKey, tag?: string): number {
    if (this.scopes.size === 0) return this.floor;
    const { scopes } = this;
    const place = `${organizationUid}\0${repository}`;
    return Math.max(
      this.floor,
      scopes.get(organizationUid) ?? 0,
      scopes.get(place) ?? 0,
      tag === undefined ? 0 : (scopes.get(`${place}\0${tag}`) ?? 0),
    );
  }

  /** Records a doubt about everything. */
  all(): void {
    this.floor = this.count += 1;
    this.scopes.clear();
  }

  /**
   * Records a doubt about an organization, a repository of it, or a tag of that repository. An
   * empty `repository` or `tag` means all of them.
   */
  about(organizationUid: string, repository: string, tag: string): void {
    const narrow = tag === '' ? `${organizationUid}\0${repository}` : `${organizationUid}\0${repository}\0${tag}`;
    const scope = repository === '' ? organizationUid : narrow;
    this.scopes.delete(scope);
    this.scopes.set(scope, (this.count += 1));
    if (this.scopes.size <= this.maxScopes) return;
    const [oldest] = this.scopes;
    this.scopes.delete(oldest![0]);
    this.floor = Math.max(this.floor, oldest![1]);
  }
}
