import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';
import { spellingsOf } from '../../../common/oci/canonical-repository';
import { LIST_SCOPE } from '../../../common/oci/list-scope';
import { compileRepositoryRule } from '../../../common/oci/repository-patterns';
import type {
  Configuration,
  ConfigurationSnapshot,
  OrganizationConfiguration,
  ProxyCacheConfiguration,
} from '../configuration/configuration';
import { type CredentialChecks, type Identity, identify } from './identify';
import type { RequestContext } from './request';
import { requireCurrent } from './require-current';
import { permitsList } from './token-scope';
import { mayPullFrom, type RobotAccount } from './verify-robot';

/** An organization whose repositories a caller may list. */
export interface ListedOrganization {
  readonly uid: string;
  readonly originVersion: string;
  /** What the client writes before the name of a repository: `<organization>/`, or nothing. */
  readonly prefix: string;
  /** Returns whether the patterns allow the repository. Undefined if there are no patterns. */
  readonly mayPull: ((repository: string) => boolean) | undefined;
}

/** The organizations that a caller may list, in bytewise order of their prefixes. */
export interface ListedOrganizations {
  readonly actor: string;
  readonly organizations: readonly ListedOrganization[];
}

/**
 * Decides which repositories a caller may list: those that it may pull from. Uses only the
 * configuration snapshot. Organizations that are hidden from the caller are not looked at, so that
 * neither the answer nor its time depends on them (docs/design/access.md#existence).
 */
export class ListAccess {
  private readonly listed = new WeakMap<OrganizationConfiguration, ListedOrganization>();
  /** The public organizations, in the order of a list. */
  private open: { readonly of: ConfigurationSnapshot; readonly revision: number; readonly all: Open } | undefined;

  constructor(
    private readonly configuration: Configuration,
    private readonly checks: CredentialChecks,
    /** Oldest configuration with which public organizations are open, in milliseconds. */
    private readonly maxAnonymousAgeMs = Infinity,
  ) {}

  /**
   * Returns the public organizations and those of the caller's robot; with `only`, this
   * organization without its name, because the host name stands for it (ADR 42). Organizations
   * without an upstream and those that are switched off are left out.
   *
   * Throws UNAUTHORIZED without credentials even if every organization is public, because the
   * challenge makes clients request a token and the answer depends on it; for a token without the
   * scope; and for an organization that is hidden or does not exist. Throws PROXY_DISABLED if
   * proxying is switched off globally, and NOT_READY if the configuration is missing or too old for
   * public organizations.
   */
  async organizations(context: RequestContext, only?: string): Promise<ListedOrganizations> {
    const snapshot = this.configuration.current();
    const identity = await identify(snapshot, this.checks, context).catch((error: unknown) => {
      throw isLayoverError(error) && error.key === 'UNAUTHORIZED' ? unauthorized(error.message) : error;
    });
    requireScope(identity);
    const { actor } = identity;
    const { robot } = identity;
    const found = only === undefined ? undefined : snapshot.organizationsByName.get(only);
    if (only !== undefined && !isVisible(found, robot)) throw hidden();
    if (!snapshot.proxyCacheEnabled) {
      throw new LayoverError('PROXY_DISABLED', {
        message: 'proxying is switched off globally; an operator can switch it on again',
      });
    }
    if (found !== undefined) {
      requireCurrent(this.configuration, this.maxAnonymousAgeMs, found, identity);
      return { actor, organizations: this.listable([found]).map((one) => ({ ...one, prefix: '' })) };
    }
    const open = this.publicOnes(snapshot);
    const foreign = open.find(({ uid }) => !mayPullFrom(robot, uid));
    if (foreign !== undefined) requireCurrent(this.configuration, this.maxAnonymousAgeMs, foreign, identity);
    // The public ones are in order already, so that the sort only places the private ones.
    const visible = [...open, ...privateOnes(snapshot, robot)].sort(inOrder);
    return { actor, organizations: this.listable(visible) };
  }

  /**
   * Returns the public organizations in the order of a list. They are found once for each revision
   * of the configuration.
   */
  private publicOnes(snapshot: ConfigurationSnapshot): Open {
    const { revision, organizationsByName } = snapshot;
    if (this.open?.of !== snapshot || this.open.revision !== revision) {
      const all = [...organizationsByName.values()].filter(({ visibility }) => visibility === 'PUBLIC').sort(inOrder);
      this.open = { of: snapshot, revision, all };
    }
    return this.open.all;
  }

  private listable(organizations: readonly OrganizationConfiguration[]): ListedOrganization[] {
    return organizations.flatMap((organization) => {
      const { proxyCache } = organization;
      if (proxyCache?.enabled !== true) return [];
      let listed = this.listed.get(organization);
      if (listed === undefined) {
        listed = {
          uid: organization.uid,
          originVersion: proxyCache.originVersion,
          prefix: `${organization.name}/`,
          mayPull: patternsOf(proxyCache),
        };
        this.listed.set(organization, listed);
      }
      return [listed];
    });
  }
}

type Open = readonly OrganizationConfiguration[];

function patternsOf(proxy: ProxyCacheConfiguration): ListedOrganization['mayPull'] {
  const { allowRepositories, denyRepositories } = proxy;
  if (allowRepositories.length === 0 && denyRepositories.length === 0) return undefined;
  const rule = compileRepositoryRule(allowRepositories, denyRepositories);
  return (repository) => rule(spellingsOf(proxy, repository)) === 'allowed';
}

/** Returns the private organizations that a robot may pull from: its own and the granted ones. */
function privateOnes(snapshot: ConfigurationSnapshot, robot: RobotAccount | undefined): Open {
  if (robot === undefined) return [];
  const mine =
    robot.grantedUids.size === 0
      ? [robot.organization]
      : [...snapshot.organizationsByName.values()].filter(({ uid }) => mayPullFrom(robot, uid));
  return mine.filter(({ visibility }) => visibility === 'PRIVATE');
}

function isVisible(organization: OrganizationConfiguration | undefined, robot: RobotAccount | undefined): boolean {
  if (organization === undefined) return false;
  return organization.visibility === 'PUBLIC' || mayPullFrom(robot, organization.uid);
}

/** Requires credentials that may list. The secret of a robot may; a token needs the scope. */
function requireScope({ authenticated, access, blob, isForeign }: Identity): void {
  if (!authenticated) {
    throw unauthorized(
      isForeign === true
        ? 'these credentials are wrong; log in as <organization>+<robot>'
        : 'the list of repositories needs a token; clients request it at /token, without a login for public ones',
    );
  }
  if (blob !== undefined || access?.some(permitsList) === false) {
    throw unauthorized(`this token does not give access to the list of repositories; request the scope ${LIST_SCOPE}`, {
      error: 'insufficient_scope',
    });
  }
}

/** Creates the refusal for an organization that is hidden from the caller, or does not exist. */
function hidden(): LayoverError {
  return unauthorized(
    'the organization of this host name is private or does not exist; log in as <organization>+<robot>',
    { error: 'insufficient_scope' },
  );
}

function unauthorized(message: string, detail: Readonly<Record<string, string>> = {}): LayoverError {
  return new LayoverError('UNAUTHORIZED', { message, detail: { scope: LIST_SCOPE, ...detail } });
}

/**
 * Compares the prefixes of organizations. Names are ASCII, so this is the bytewise order. `/` keeps
 * the names of two organizations apart.
 */
function inOrder(one: OrganizationConfiguration, other: OrganizationConfiguration): number {
  return `${one.name}/` < `${other.name}/` ? -1 : 1;
}
