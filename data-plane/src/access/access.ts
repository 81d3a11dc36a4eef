import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import { compileUpstreamRule } from '../../../common/oci/upstream-rule';
import type { Configuration, ConfigurationSnapshot, ProxyCacheConfiguration } from '../configuration/configuration';
import type { UpstreamOrigin } from '../upstream/upstream-registry';
import { canonicalRepository, spellingsOf, upstreamRepositoryName } from '../../../common/oci/canonical-repository';
import { findOrganization, type Owner } from './find-organization';
import { requireNoLoop } from './hops';
import { type CredentialChecks, type Identity, identify, type Sender } from './identify';
import type { LocatedRepository, PullTarget } from './pull-target';
import type { ProofHolder } from './proof-holder';
import type { RepositoryRequest } from './request';
import { compileRepositoryRule, type RepositoryRule } from '../../../common/oci/repository-patterns';
import { wrongCredentials } from './robot-logins';
import { requireCurrent } from './require-current';
import { mayPullFrom } from './verify-robot';
import { withNewest } from './with-newest';

/** The actor of internal work. It never appears in pull records, because no client pulls. */
const INTERNAL_ACTOR = 'internal';

/** What a request to authorize may have besides its address and credentials. */
export interface AuthorizeOptions {
  /**
   * Set if the request continues an earlier answer: the time when that answer began, in
   * milliseconds since the epoch. The token must have been valid then, because it may have expired
   * meanwhile. 0 = now, the default.
   */
  readonly since?: number;
  /** Digest of the requested blob, if there is one. A token for one blob permits nothing else. */
  readonly blob?: Digest | undefined;
  /**
   * Receives the actor as soon as the credentials are accepted, so that the record of a refusal for
   * another reason names it.
   */
  readonly onIdentified?: (actor: string) => void;
}

/**
 * Decides who may pull what. Uses only the configuration snapshot, so that authorization works
 * while the control plane is down.
 */
export class Access {
  private readonly origins = new WeakMap<ProxyCacheConfiguration, UpstreamOrigin>();
  private readonly holders = new WeakMap<ProxyCacheConfiguration, ProofHolder>();
  private readonly rules = new WeakMap<ProxyCacheConfiguration, RepositoryRule>();

  constructor(
    private readonly configuration: Configuration,
    private readonly checks: CredentialChecks,
    /** Identifies this data plane in requests to upstreams that are Layover too. */
    private readonly hopId: string,
    /** Oldest configuration with which public organizations are open, in milliseconds. */
    private readonly maxAnonymousAgeMs = Infinity,
  ) {}

  /**
   * Returns the organization and the canonical repository for the request of a client. A request
   * for an organization that does not exist is refused like one for a private organization: its
   * credentials are checked, then it throws UNAUTHORIZED. So nobody can find out which private
   * organizations exist (docs/design/access.md#existence). Throws LOOP_DETECTED; TOO_MANY_LOGINS;
   * NOT_READY if there is no configuration yet. `since` is the same as in
   * {@link AuthorizeOptions}. An organization that is not known is looked for in the newest
   * configuration if the sender has shown a token or a secret (ADR 57).
   */
  async locateForClient({ owner, repository, context }: RepositoryRequest, since = 0): Promise<LocatedRepository> {
    requireNoLoop(this.hopId, context.hops);
    try {
      return { ...this.locate(owner, repository), sender: context };
    } catch (error) {
      if (!isNameUnknown(error)) throw error;
      const place = { owner, requested: repository };
      const identity = await this.identify(place, context, since);
      const found = identity.authenticated ? await this.locateNewest(place) : undefined;
      if (found !== undefined) return { ...found, sender: context };
      throw identity.blob === undefined ? notCovered(place, identity) : wrongBlob(place);
    }
  }

  /**
   * Returns the organization and the canonical repository for an address. Throws NAME_UNKNOWN if
   * the organization does not exist, and NOT_READY if there is no configuration yet.
   */
  locate(owner: Owner, requested: string): LocatedRepository {
    const organization = findOrganization(this.configuration.current(), owner);
    const repository =
      organization.proxyCache === undefined ? requested : canonicalRepository(organization.proxyCache, requested);
    return { organization, owner, requested, repository };
  }

  /**
   * Returns the pull target of a request that is allowed. Throws UNAUTHORIZED for wrong
   * credentials, and for missing credentials if the organization is private; PROXY_DISABLED with
   * the reason; DENIED if the patterns of the organization exclude the repository; NOT_READY if
   * only the visibility of the organization permits the pull and the configuration is too old for
   * that. Authentication comes first, so that an unauthorized client learns nothing about the
   * configuration. Credentials that do not give access are checked again with the newest
   * configuration (ADR 57).
   */
  async authorize(
    located: LocatedRepository,
    authorization: string,
    options: AuthorizeOptions = {},
  ): Promise<PullTarget> {
    const known = this.configuration.current();
    const judge = (snapshot: ConfigurationSnapshot): Promise<PullTarget> =>
      this.judge(snapshot, snapshot === known ? located : this.relocated(located), authorization, options);
    return withNewest(known, this.checks.newest, judge, isNotCovered);
  }

  private async judge(
    snapshot: ConfigurationSnapshot,
    located: LocatedRepository,
    authorization: string,
    { since = 0, blob, onIdentified }: AuthorizeOptions,
  ): Promise<PullTarget> {
    const identity = await this.identify(located, { ...(located.sender ?? NO_SENDER), authorization }, since);
    onIdentified?.(identity.actor);
    if (identity.blob !== undefined) requireBlob(located, identity, blob);
    else if (located.organization.visibility === 'PRIVATE') requireCoverage(located, identity);
    else requireCurrent(this.configuration, this.maxAnonymousAgeMs, located.organization, identity);
    return this.target(snapshot, located, identity.actor);
  }

  /** Returns the place in the newest configuration; undefined if it is unknown there too. */
  private async locateNewest({ owner, requested }: Place): Promise<LocatedRepository | undefined> {
    await this.checks.newest?.();
    try {
      return this.locate(owner, requested);
    } catch (error) {
      if (isNameUnknown(error)) return undefined;
      throw error;
    }
  }

  /**
   * Returns the same place in the current configuration. An organization that was deleted meanwhile
   * stays as it was, so that the answer is the refusal.
   */
  private relocated(located: LocatedRepository): LocatedRepository {
    try {
      return { ...located, ...this.locate(located.owner, located.requested) };
    } catch (error) {
      if (isNameUnknown(error)) return located;
      throw error;
    }
  }

  /**
   * Returns the pull target for internal work that no client requested, within the configuration of
   * the organization. Throws PROXY_DISABLED and DENIED like {@link Access.authorize}.
   */
  internal(located: LocatedRepository): PullTarget {
    return this.target(this.configuration.current(), located, INTERNAL_ACTOR);
  }

  /**
   * Returns a target under the configuration that is in force now, for work that begins some time
   * after its request. Throws NAME_UNKNOWN if the organization or its upstream is another one now,
   * PROXY_DISABLED, and DENIED.
   */
  inForce({ organization: { name }, key, actor, upstream: { hops } }: PullTarget): PullTarget {
    const current = this.internal(this.locate({ kind: 'organization', name }, key.repository));
    const isSame =
      current.key.organizationUid === key.organizationUid && current.key.originVersion === key.originVersion;
    if (!isSame) throw new LayoverError('NAME_UNKNOWN', { message: `organization "${name}" has another upstream now` });
    return { ...current, actor, upstream: { ...current.upstream, ...(hops === undefined ? {} : { hops }) } };
  }

  private identify(place: Place, sender: Sender, since: number): Promise<Identity> {
    return identify(this.configuration.current(), this.checks, sender, since).catch((error: unknown) => {
      throw withScope(error, place);
    });
  }

  private target(snapshot: ConfigurationSnapshot, located: LocatedRepository, actor: string): PullTarget {
    const { organization, repository } = located;
    const hops = located.sender?.hops ?? [];
    const proxy = requireProxying(snapshot, located);
    this.requireAllowed(proxy, located);
    return {
      organization,
      proxy,
      key: { organizationUid: organization.uid, originVersion: proxy.originVersion, repository },
      upstream: {
        origin: this.originOf(organization.uid, proxy),
        name: upstreamRepositoryName(proxy, repository),
        ...(hops.length === 0 ? {} : { hops }),
      },
      holder: this.holderOf(proxy),
      quotaBytes: snapshot.quotasEnforced && organization.quotaBytes > 0 ? organization.quotaBytes : undefined,
      actor,
    };
  }

  private requireAllowed(proxy: ProxyCacheConfiguration, { organization, requested, repository }: LocatedRepository) {
    if (proxy.allowRepositories.length === 0 && proxy.denyRepositories.length === 0) return;
    let rule = this.rules.get(proxy);
    if (rule === undefined) {
      rule = compileRepositoryRule(proxy.allowRepositories, proxy.denyRepositories);
      this.rules.set(proxy, rule);
    }
    const verdict = rule(spellingsOf(proxy, repository));
    if (verdict === 'allowed') return;
    const why = verdict === 'denied' ? 'denies' : 'does not allow';
    throw new LayoverError('DENIED', {
      message: `organization "${organization.name}" ${why} repository "${requested}"; its allow and deny patterns decide which repositories may be pulled`,
      detail: { organization: organization.name, repository },
    });
  }

  /**
   * Returns the same object for the same configuration of an organization, because upstream clients
   * are cached by this object.
   */
  private originOf(organizationUid: string, proxy: ProxyCacheConfiguration): UpstreamOrigin {
    const known = this.origins.get(proxy);
    if (known !== undefined) return known;
    const origin: UpstreamOrigin = {
      organizationUid,
      host: proxy.upstreamHost,
      credentials: proxy.credentials,
      credentialVersion: proxy.credentialVersion,
      insecure: proxy.insecure,
      caCertificate: proxy.caCertificate,
      trustedRealms: proxy.trustedRealms,
    };
    this.origins.set(proxy, origin);
    return origin;
  }

  private holderOf(proxy: ProxyCacheConfiguration): ProofHolder {
    let holder = this.holders.get(proxy);
    if (holder === undefined) {
      holder = { identities: proxy.upstreamIdentities, mayPull: compileUpstreamRule(proxy) };
      this.holders.set(proxy, holder);
    }
    return holder;
  }
}

function isNameUnknown(error: unknown): boolean {
  return isLayoverError(error) && error.key === 'NAME_UNKNOWN';
}

/** Returns whether valid credentials were refused because they do not cover the repository. */
function isNotCovered(error: unknown): boolean {
  return isLayoverError(error) && error.detail?.['error'] === 'insufficient_scope';
}

function requireProxying(
  snapshot: ConfigurationSnapshot,
  { organization }: LocatedRepository,
): ProxyCacheConfiguration {
  const proxy = organization.proxyCache;
  if (proxy === undefined) {
    throw new LayoverError('PROXY_DISABLED', {
      message: `organization "${organization.name}" has no upstream, so nothing can be pulled from it`,
    });
  }
  if (!snapshot.proxyCacheEnabled) {
    throw new LayoverError('PROXY_DISABLED', {
      message: 'proxying is switched off globally; an operator can switch it on again',
    });
  }
  if (!proxy.enabled) {
    throw new LayoverError('PROXY_DISABLED', {
      message: `proxying is switched off for organization "${organization.name}"; its administrator can switch it on again`,
    });
  }
  return proxy;
}

/**
 * Requires a robot account that may pull from the private organization, and a token scope that
 * includes the repository. Throws UNAUTHORIZED.
 */
function requireCoverage(located: LocatedRepository, identity: Identity): void {
  const isPermitted = mayPullFrom(identity.robot, located.organization.uid);
  if (
    isPermitted &&
    (identity.access === undefined || identity.access.some((entry) => includesRepository(entry, located)))
  )
    return;
  throw notCovered(located, identity);
}

/**
 * Creates the refusal of a repository in a private organization. It is the same if the organization
 * does not exist.
 */
function notCovered({ owner, requested }: Place, identity: Identity): LayoverError {
  const { authenticated, isForeign, robot, blob } = identity;
  const scope = scopeOf({ owner, requested });
  if (isForeign === true)
    return new LayoverError('UNAUTHORIZED', { message: wrongCredentials().message, detail: { scope } });
  const hint =
    owner.kind === 'organization' && owner.host === undefined
      ? `organization "${owner.name}" is private or does not exist; log in as ${owner.name}+<robot>`
      : `the organization that mirrors "${owner.host}" is private or does not exist; log in as <organization>+<robot>`;
  // Clients without a login fetch an anonymous token first, so the hint is in both answers. Their
  // users have no credentials to look for.
  const isAnonymous = robot === undefined && blob === undefined;
  const refused = `these credentials do not give access to ${nameOf({ owner, requested })}: `;
  if (authenticated)
    return new LayoverError('UNAUTHORIZED', {
      message: `${isAnonymous ? '' : refused}${hint}`,
      detail: { scope, error: 'insufficient_scope' },
    });
  return new LayoverError('UNAUTHORIZED', { message: hint, detail: { scope } });
}

/**
 * Requires that the request is for the blob and the repository that the token of a scanner names.
 * The token opens this blob in private organizations too, and no other blob in public ones. Throws
 * UNAUTHORIZED.
 */
function requireBlob(located: LocatedRepository, identity: Identity, blob: Digest | undefined): void {
  if (blob === identity.blob && identity.access?.some((entry) => includesRepository(entry, located)) === true) return;
  throw wrongBlob(located);
}

function wrongBlob(place: Place): LayoverError {
  return new LayoverError('UNAUTHORIZED', {
    message: 'this token is valid only for a single blob, and the request is for something else',
    detail: { scope: scopeOf(place), error: 'insufficient_scope' },
  });
}

/** The repository that a client asked for, whether or not its organization exists. */
type Place = Pick<LocatedRepository, 'owner' | 'requested'>;

/** The sender of requests that did not come over the network. */
const NO_SENDER = { clientAddress: '', userAgent: '', requestId: '' };

function nameOf(place: Place): string {
  const { host } = place.owner;
  return host === undefined ? `"${pathOf(place)}"` : `"${pathOf(place)}" of "${host}"`;
}

/** Returns the name as the client wrote it. */
function pathOf({ owner, requested }: Place): string {
  return owner.kind === 'organization' ? `${owner.name}/${requested}` : requested;
}

/**
 * Returns the token scope for the challenge of a refusal, in the words of the client: in the mirror
 * form without the organization, because its name would tell that it exists.
 */
function scopeOf(place: Place): string {
  return `repository:${pathOf(place)}:pull`;
}

function withScope(error: unknown, place: Place): unknown {
  if (!isLayoverError(error) || error.key !== 'UNAUTHORIZED') return error;
  return new LayoverError(error.key, {
    message: error.message,
    detail: { scope: scopeOf(place) },
    cause: error.cause,
  });
}

/**
 * Returns whether an access claim names the repository in any of its spellings. Clients name the
 * repository as they address it: with the organization in the path form, without it in the mirror
 * form, and either way if a path with `ns` names the organization.
 */
function includesRepository(
  entry: { readonly type: string; readonly name: string; readonly actions: readonly string[] },
  { organization, owner, repository }: LocatedRepository,
): boolean {
  if (entry.type !== 'repository' || !entry.actions.includes('pull')) return false;
  const same = (name: string): boolean =>
    (organization.proxyCache === undefined ? name : canonicalRepository(organization.proxyCache, name)) === repository;
  const prefix = `${organization.name}/`;
  if (entry.name.startsWith(prefix) && same(entry.name.slice(prefix.length))) return true;
  return owner.host !== undefined && same(entry.name);
}
