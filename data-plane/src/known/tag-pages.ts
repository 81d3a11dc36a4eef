import { LRUCache } from 'lru-cache';
import type { RepositoryKey } from '../access/repository-key';
import type { StoredTagPage } from './knowledge';

/** Approximate memory of all pages, in bytes. */
const MAX_COST = 16 * 1024 * 1024;
/** Approximate memory of a page and of a tag in addition to their characters, in bytes. */
const PAGE_COST = 400;
const TAG_COST = 32;

/**
 * Pages of tag lists in memory, within approximately 16 MiB; the least recently used are dropped
 * first. A dropped page costs a request to the upstream.
 */
export class TagPages {
  private readonly pages: LRUCache<string, StoredTagPage>;

  constructor(maxCost = MAX_COST) {
    this.pages = new LRUCache({ maxSize: maxCost, sizeCalculation: (page, key) => costOf(page) + 2 * key.length });
  }

  find(repository: RepositoryKey, key: string): StoredTagPage | undefined {
    return this.pages.get(keyOf(repository, key));
  }

  put(repository: RepositoryKey, key: string, value: StoredTagPage): void {
    this.pages.set(keyOf(repository, key), value);
  }

  /**
   * Removes the pages of a repository in every origin version, or of an organization if
   * `repository` is empty.
   */
  forget(organizationUid: string, repository: string): void {
    const prefix = repository === '' ? `${organizationUid}\0` : `${organizationUid}\0${repository}\0`;
    for (const key of [...this.pages.keys()]) if (key.startsWith(prefix)) this.pages.delete(key);
  }
}

function keyOf({ organizationUid, originVersion, repository }: RepositoryKey, key: string): string {
  return `${organizationUid}\0${repository}\0${originVersion}\0${key}`;
}

function costOf({ page }: StoredTagPage): number {
  const { query = '', after = '' } = page.position ?? {};
  return page.tags.reduce((sum, tag) => sum + tag.length + TAG_COST, PAGE_COST + query.length + after.length);
}
