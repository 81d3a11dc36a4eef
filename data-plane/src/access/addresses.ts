import type { ErrorKey } from '../../../common/errors/catalogue';
import { isLayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import { TtlCache } from '../../../common/runtime/ttl-cache';
import type { Configuration, ConfigurationSnapshot } from '../configuration/configuration';
import { claimedIdentity } from './claimed-identity';
import { type Place, type Places, placesOf } from './places';
import type { PullTokens } from './pull-tokens';
import type { RepositoryRequest } from './request';

/** How many repositories are remembered with the reading that was right, and for how long. */
const MAX_REMEMBERED = 10_000;
const REMEMBERED_MS = 3_600_000;

/** Failures that say that there is nothing at an address. An outage is none of them. */
const ABSENT: ReadonlySet<ErrorKey> = new Set(['MANIFEST_UNKNOWN', 'BLOB_UNKNOWN', 'NAME_UNKNOWN']);
/** Many registries answer like this for a repository that does not exist. */
const MAYBE_ABSENT: ReadonlySet<ErrorKey> = new Set(['UPSTREAM_DENIED', 'DENIED']);

/** Failures of a list of tags that say nothing: not every registry lists them. */
const NO_LIST: ReadonlySet<ErrorKey> = new Set(['UPSTREAM_REFUSED_REQUEST', 'UPSTREAM_CONTENT']);

/** A request at one place. */
type Attempt<Request, Answer> = (request: Request) => Promise<Answer>;

/**
 * Chooses the reading of addresses that have two: a path with `ns` whose first component names an
 * organization (ADR 41). Remembers which reading was right for a repository, so that the upstream
 * is asked for the other one once and not with every request.
 */
export class Addresses {
  /** The kind of the place that was right. */
  private readonly right: TtlCache<string>;
  private closed: { readonly of: ConfigurationSnapshot; readonly revision: number; readonly is: boolean } | undefined;

  constructor(
    private readonly configuration: Configuration,
    private readonly tokens: PullTokens,
    clock: Clock,
    /** Returns whether a repository has a tag at the upstream. */
    private readonly hasTags: Attempt<RepositoryRequest, boolean>,
  ) {
    this.right = new TtlCache(clock, MAX_REMEMBERED);
  }

  /**
   * Makes the attempt at the place that the address of the request means. If nothing is there, it
   * is made at the other place that the address can mean, if there is one. Rejects with the failure
   * of the first place if there is nothing at either, or if a repository of this name exists at the
   * host in `ns`, and with any failure that is not absence.
   */
  async answer<Request extends RepositoryRequest, Answer>(
    request: Request,
    attempt: Attempt<Request, Answer>,
  ): Promise<Answer> {
    const places = await this.places(request);
    const [first, second] = this.ordered(places);
    if (second === undefined) return attempt({ ...request, ...first });
    const isTentative = (thrown: unknown): boolean => isAbsent(thrown, isLenient(first, second));
    try {
      const answer = await attempt({ ...request, ...first, isTentative });
      this.remember(places, first);
      return answer;
    } catch (error) {
      if (!isTentative(error)) throw error;
      // Otherwise a tag that only the shorter name has would bring all tags of it (ADR 41). The
      // attempt is made again because a tentative one leaves no record.
      if (await this.isRepository(request, first, error)) return attempt({ ...request, ...first });
      const answer = await attempt({ ...request, ...second }).catch((other: unknown) => {
        throw isAbsent(other, true) || isRefused(other) ? error : other;
      });
      this.remember(places, second);
      return answer;
    }
  }

  /**
   * Makes the attempt at the place that the address means, for requests whose answer does not tell
   * whether the repository exists. If the reading is not known yet, `probe` is made first, as
   * {@link Addresses.answer} does it; its failure does not matter.
   */
  async decided<Request extends RepositoryRequest, Answer>(
    request: Request,
    probe: Attempt<Request, unknown>,
    attempt: Attempt<Request, Answer>,
  ): Promise<Answer> {
    const places = await this.places(request);
    const isKnown = places.length === 1 || this.right.get(keyOf(places)) !== undefined;
    if (!isKnown) await this.answer(request, probe).catch(() => undefined);
    const [place] = this.ordered(places);
    return attempt({ ...request, ...place });
  }

  /**
   * Returns the request at the place that its address most likely means, for records of requests
   * that no data plane answered. Nothing is asked for that.
   */
  async likely<Request extends RepositoryRequest>(request: Request): Promise<Request> {
    const [place] = this.ordered(await this.places(request));
    return { ...request, ...place };
  }

  /** Returns whether the name in the mirror form is a repository that only lacks what was asked. */
  private async isRepository(request: RepositoryRequest, { owner, repository }: Place, absence: unknown) {
    if (owner.kind === 'organization' || (absence as { key?: ErrorKey }).key === 'NAME_UNKNOWN') return false;
    try {
      return await this.hasTags({ ...request, owner, repository });
    } catch (error) {
      if (isAbsent(error, true) || (isLayoverError(error) && NO_LIST.has(error.key))) return false;
      throw error;
    }
  }

  private async places({ owner, repository, context }: RepositoryRequest): Promise<Places> {
    if (owner.kind === 'organization') return [{ owner, repository }];
    const snapshot = this.configuration.current();
    const caller = await claimedIdentity(snapshot, this.tokens, context);
    return placesOf(snapshot, owner, repository, caller, () => this.isClosed(snapshot));
  }

  private ordered(places: Places): Places {
    const [first, second] = places;
    return second !== undefined && this.right.get(keyOf(places)) === second.owner.kind ? [second, first] : places;
  }

  private remember(places: Places, { owner }: Place): void {
    this.right.set(keyOf(places), owner.kind, REMEMBERED_MS);
  }

  /** Returns whether any private organization has a mirror host. */
  private isClosed(snapshot: ConfigurationSnapshot): boolean {
    const { revision, organizationsByMirrorHost } = snapshot;
    if (this.closed?.of !== snapshot || this.closed.revision !== revision) {
      const is = [...organizationsByMirrorHost.values()].some(({ visibility }) => visibility === 'PRIVATE');
      this.closed = { of: snapshot, revision, is };
    }
    return this.closed.is;
  }
}

/**
 * Callers for whom the places are tried in another order do not share what is remembered: nobody
 * can make a place come first for others that would come second for them.
 */
function keyOf(places: Places): string {
  return JSON.stringify(places);
}

/**
 * Returns whether a refusal of the upstream at the first place counts as absence. Not if the second
 * place belongs to another organization, unless the client named its own organization: a repository
 * that the upstream hides from one organization must not be replaced by a repository of another.
 */
function isLenient({ owner: first }: Place, { owner: second }: Place): boolean {
  if (first.kind === 'organization') return true;
  return second.kind === 'organization' && second.name === first.organization;
}

function isAbsent(thrown: unknown, isLenientHere: boolean): boolean {
  if (!isLayoverError(thrown)) return false;
  if (ABSENT.has(thrown.key)) return true;
  // An image that the scan gate refuses exists; its refusal names its digest.
  return isLenientHere && MAYBE_ABSENT.has(thrown.key) && thrown.detail?.['digest'] === undefined;
}

function isRefused(thrown: unknown): boolean {
  return isLayoverError(thrown) && thrown.key === 'UNAUTHORIZED';
}
