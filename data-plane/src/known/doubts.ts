import type { RepositoryKey } from '../access/repository-key';

/** Scopes that are told apart; beyond them the oldest doubts count for everything. */
const MAX_SCOPES = 10_000;

/**
 * What may have changed at the control plane, and when, by a count that grows with every doubt. What was confirmed, or asked for, before the last
 * doubt about it is not to be relied on. A doubt is about everything, an organization, a repository (of every origin version: invalidations
 * carry none), or a tag of a repository.
 */
export class Doubts {
  private count = 0;
  /** The last doubt about everything. */
  private floor = 0;
  /** The last doubt about a scope, the oldest first. */
  private readonly scopes = new Map<string, number>();

  constructor(private readonly maxScopes = MAX_SCOPES) {}

  /** To be compared with {@link since}. */
  now(): number {
    return this.count;
  }

  /** When there was last a doubt about a repository, or about a tag of it where one is named. */
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

  /** Of everything. */
  all(): void {
    this.floor = this.count += 1;
    this.scopes.clear();
  }

  /** Of an organization; of a repository of it alone, of a tag of that alone, where they are named (the empty text = not). */
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
