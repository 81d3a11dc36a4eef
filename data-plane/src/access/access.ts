import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Configuration, ConfigurationSnapshot, ProxyCacheConfiguration } from '../configuration/configuration';
import type { UpstreamOrigin } from '../upstream/upstream-registry';
import { canonicalRepository, spellingsOf, upstreamRepositoryName } from './canonical-repository';
import { findOrganization, type Owner } from './find-organization';
import { type Identity, identify } from './identify';
import type { LocatedRepository, PullTarget } from './pull-target';
import type { PullTokens } from './pull-tokens';
import { compileRepositoryRule, type RepositoryRule } from './repository-patterns';

/** Stands in no pull record: what nobody pulls is not recorded. */
const INTERNAL_ACTOR = 'internal';

/** Decides who may pull what, from the configuration snapshot alone: no other plane is asked (static stability). */
export class Access {
  private readonly origins = new WeakMap<ProxyCacheConfiguration, UpstreamOrigin>();
  private readonly rules = new WeakMap<ProxyCacheConfiguration, RepositoryRule>();

  constructor(
    private readonly configuration: Configuration,
    private readonly tokens: PullTokens,
  ) {}

  /** Where an address leads. Throws NAME_UNKNOWN for an organization that is not there, NOT_READY without configuration. */
  locate(owner: Owner, requested: string): LocatedRepository {
    const organization = findOrganization(this.configuration.current(), owner);
    const repository =
      organization.proxyCache === undefined ? requested : canonicalRepository(organization.proxyCache, requested);
    return { organization, via: owner.kind, requested, repository };
  }

  /**
   * The target of a request that may go on. Throws UNAUTHORIZED (no or wrong credentials for a private organization; wrong
   * ones anywhere), PROXY_DISABLED with the reason, DENIED for a repository that the organization's patterns leave out.
   * Authentication comes first: who may not pull learns nothing of the configuration. `since`: when the answer began of which this asks for
   * the rest (a token may have expired meanwhile), in milliseconds since the epoch; 0 = now. `blob`: what is to be read, where that is a blob; a token for a single blob is
   * good for nothing else.
   */
  async authorize(located: LocatedRepository, authorization: string, since = 0, blob?: Digest): Promise<PullTarget> {
    const snapshot = this.configuration.current();
    const identity = await identify(snapshot, this.tokens, authorization, since).catch((error: unknown) => {
      throw withScope(error, located);
    });
    if (identity.blob !== undefined) requireBlob(located, identity, blob);
    else if (located.organization.visibility === 'PRIVATE') requireCoverage(located, identity);
    return this.target(snapshot, located, identity.actor);
  }

  /**
   * The target of work that no client asks for: what the organization's configuration allows, for nobody in particular. Throws PROXY_DISABLED and DENIED as
   * {@link Access.authorize} does.
   */
  internal(located: LocatedRepository): PullTarget {
    return this.target(this.configuration.current(), located, INTERNAL_ACTOR);
  }

  private target(snapshot: ConfigurationSnapshot, located: LocatedRepository, actor: string): PullTarget {
    const { organization, repository } = located;
    const proxy = requireProxying(snapshot, located);
    this.requireAllowed(proxy, located);
    return {
      organization,
      proxy,
      key: { organizationUid: organization.uid, originVersion: proxy.originVersion, repository },
      upstream: { origin: this.originOf(organization.uid, proxy), name: upstreamRepositoryName(proxy, repository) },
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
      message: `organization "${organization.name}" ${why} repository "${requested}"; its patterns decide what may be pulled`,
      detail: { organization: organization.name, repository },
    });
  }

  /** One object for each configuration of an organization: upstream clients are kept by it. */
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
    };
    this.origins.set(proxy, origin);
    return origin;
  }
}

function requireProxying(
  snapshot: ConfigurationSnapshot,
  { organization }: LocatedRepository,
): ProxyCacheConfiguration {
  const proxy = organization.proxyCache;
  if (proxy === undefined) {
    throw new LayoverError('PROXY_DISABLED', { message: `organization "${organization.name}" proxies no upstream` });
  }
  if (!snapshot.proxyCacheEnabled) {
    throw new LayoverError('PROXY_DISABLED', { message: 'proxying is switched off for the whole of this Layover' });
  }
  if (!proxy.enabled) {
    throw new LayoverError('PROXY_DISABLED', {
      message: `proxying is switched off for organization "${organization.name}"`,
    });
  }
  return proxy;
}

/** A private organization is pulled from by its own robots only, and by tokens within what they name. */
function requireCoverage(located: LocatedRepository, identity: Identity): void {
  const { organization } = located;
  if (!identity.authenticated) {
    throw new LayoverError('UNAUTHORIZED', {
      message: `organization "${organization.name}" is private; log in as ${organization.name}+<robot>`,
      detail: { scope: scopeOf(located) },
    });
  }
  const own = identity.robot?.organization.uid === organization.uid;
  if (own && (identity.access === undefined || identity.access.some((entry) => covers(entry, located)))) return;
  throw new LayoverError('UNAUTHORIZED', {
    message: `these credentials give no access to "${organization.name}/${located.requested}"`,
    detail: { scope: scopeOf(located), error: 'insufficient_scope' },
  });
}

/** A scanner's token opens one blob, through the repository that it names, of a private organization too; nothing of a public one besides. */
function requireBlob(located: LocatedRepository, identity: Identity, blob: Digest | undefined): void {
  if (blob === identity.blob && identity.access?.some((entry) => covers(entry, located)) === true) return;
  throw new LayoverError('UNAUTHORIZED', {
    message: 'this token is for a single blob of another address, and for nothing else',
    detail: { scope: scopeOf(located), error: 'insufficient_scope' },
  });
}

/** What the challenge of a refusal asks the client to get a token for: by organization also where a mirrored host was asked. */
function scopeOf({ organization, requested }: LocatedRepository): string {
  return `repository:${organization.name}/${requested}:pull`;
}

function withScope(error: unknown, located: LocatedRepository): unknown {
  if (!isLayoverError(error) || error.key !== 'UNAUTHORIZED') return error;
  return new LayoverError(error.key, {
    message: error.message,
    detail: { scope: scopeOf(located) },
    cause: error.cause,
  });
}

/**
 * Whether an access claim names the repository, in any spelling. Clients name it as they address it: with the
 * organization in the path form, without in the mirror form.
 */
function covers(
  entry: { readonly type: string; readonly name: string; readonly actions: readonly string[] },
  { organization, via, repository }: LocatedRepository,
): boolean {
  if (entry.type !== 'repository' || !entry.actions.includes('pull')) return false;
  const same = (name: string): boolean =>
    (organization.proxyCache === undefined ? name : canonicalRepository(organization.proxyCache, name)) === repository;
  const prefix = `${organization.name}/`;
  if (entry.name.startsWith(prefix) && same(entry.name.slice(prefix.length))) return true;
  return via === 'mirror-host' && same(entry.name);
}
