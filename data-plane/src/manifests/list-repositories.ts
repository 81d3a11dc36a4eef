import { setImmediate } from 'node:timers/promises';
import { FairQueue } from '../../../common/async/fair-queue';
import { LayoverError } from '../../../common/errors/layover-error';
import type { ListAccess, ListedOrganization } from '../access/list-access';
import type { RequestContext } from '../access/request';
import type { Catalog } from '../known/catalog';

/** Maximum page size, and the default. */
const MAX_PAGE = 1000;

/** Number of organizations in a request to the control plane, at most (catalog.proto). */
const ORGANIZATIONS_AT_ONCE = 100;

/** Lists that are made at the same time, each for another caller. They must not delay pulls. */
const LISTS_AT_ONCE = 2;

/** Names whose patterns are checked without a pause. A manager chooses how long a check takes. */
const CHECKS_AT_ONCE = 20;

/** A request for a page of repositories. */
export interface RepositoriesRequest {
  readonly context: RequestContext;
  /** The organization that the host name of the edge stands for; undefined = all organizations. */
  readonly hostOrganization: string | undefined;
  /** The page size that the client requested; 0 = none requested. */
  readonly limit: number;
  /**
   * Only names after this text, bytewise; empty = from the start. It does not have to be a name.
   */
  readonly last: string;
  readonly signal: AbortSignal | undefined;
}

/** A page of repositories as the client names them. `nextLast` is empty on the last page. */
export interface RepositoriesPage {
  readonly names: readonly string[];
  readonly nextLast: string;
  readonly nextLimit: number;
}

/**
 * Lists the repositories that the caches of all data planes hold and that the caller may pull from
 * (docs/design/pull-semantics.md#repository-lists). Only the control plane knows all of them, so
 * there is no list without it.
 */
export class RepositoryList {
  private readonly queue = new FairQueue(LISTS_AT_ONCE);

  constructor(
    private readonly access: ListAccess,
    private readonly catalog: Pick<Catalog, 'listCachedRepositories'>,
  ) {}

  /**
   * Returns a page in bytewise order. Throws PAGINATION_INVALID; NOT_READY if the control plane
   * does not answer; CANCELLED if the caller left; and the errors of ListAccess.
   */
  async list({ context, hostOrganization, limit, last, signal }: RepositoriesRequest): Promise<RepositoriesPage> {
    if (!Number.isSafeInteger(limit) || limit < 0) throw new LayoverError('PAGINATION_INVALID');
    const { actor, organizations } = await this.access.organizations(context, hostOrganization);
    const size = limit > 0 ? Math.min(limit, MAX_PAGE) : MAX_PAGE;
    const names = await this.queue.run(
      `${actor} ${context.clientAddress}`,
      () => this.namesAfter(organizations, last, size + 1, signal),
      signal,
    );
    const page = names.slice(0, size);
    return { names: page, nextLast: names.length > size ? page[size - 1]! : '', nextLimit: size };
  }

  private async namesAfter(
    organizations: readonly ListedOrganization[],
    last: string,
    count: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    const names: string[] = [];
    // All names of an organization before this one are at or before `last`, because they begin with
    // its prefix.
    let at = organizations.findIndex(({ prefix }) => last.startsWith(prefix) || prefix > last);
    if (at === -1) return names;
    let after = last.startsWith(organizations[at]!.prefix) ? last.slice(organizations[at]!.prefix.length) : '';
    while (at < organizations.length && names.length < count) {
      if (signal?.aborted === true) throw new LayoverError('CANCELLED');
      const asked = organizations.slice(at, at + ORGANIZATIONS_AT_ONCE);
      const origins = asked.map(({ uid, originVersion }) => ({ organizationUid: uid, originVersion }));
      const page = await this.catalog.listCachedRepositories(origins, count - names.length, after);
      for (const found of page.organizations) {
        const offset = asked.findIndex(({ uid }) => uid === found.organizationUid);
        names.push(...(await allowed(asked[offset]!, found.names)));
      }
      const end = page.organizations.at(-1);
      if (page.more && end !== undefined) {
        at += asked.findIndex(({ uid }) => uid === end.organizationUid);
        after = end.names.at(-1)!;
      } else {
        at += asked.length;
        after = '';
      }
    }
    return names;
  }
}

/** Returns the names that may be pulled, as the client writes them. */
async function allowed({ prefix, mayPull }: ListedOrganization, found: readonly string[]): Promise<readonly string[]> {
  const names: string[] = [];
  for (const [index, name] of found.entries()) {
    if (mayPull !== undefined && index % CHECKS_AT_ONCE === CHECKS_AT_ONCE - 1) await setImmediate();
    if (mayPull?.(name) !== false) names.push(`${prefix}${name}`);
  }
  return names;
}
