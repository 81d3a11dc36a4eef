import { isDockerHub } from '../../../common/oci/registry-host';
import type { ConfigurationSnapshot, OrganizationConfiguration } from '../configuration/configuration';
import { registryKey } from '../configuration/registry-key';
import type { ClaimedIdentity } from './claimed-identity';
import { findMirror, type Owner } from './find-organization';

/** A meaning of an address. */
export interface Place {
  readonly owner: Owner;
  /** The repository name, as the client wrote it. */
  readonly repository: string;
}

/** The meanings of an address, in the order in which they are tried. */
export type Places = readonly [Place] | readonly [Place, Place];

/**
 * Number of components from which on a name cannot be a repository of Docker Hub, where a name is
 * `<namespace>/<repository>`.
 */
const TOO_DEEP_FOR_DOCKER_HUB = 3;

/**
 * Returns what an address can mean (ADR 41, docs/design/pull-semantics.md#two-readings). Two
 * meanings are returned only if both forms name the same organization, or two that have the same
 * upstream. `closed` returns whether any private organization has a mirror host.
 *
 * An organization that the caller cannot use counts as missing, and a request that could mean one
 * is answered in the words of the mirror form, so that the answer does not tell whether it exists
 * (docs/design/access.md#existence).
 */
export function placesOf(
  snapshot: ConfigurationSnapshot,
  owner: Owner,
  repository: string,
  caller: ClaimedIdentity,
  closed: () => boolean,
): Places {
  if (owner.kind === 'organization') return [{ owner, repository }];
  const { host } = owner;
  const isUsable = (one: OrganizationConfiguration): boolean => one.visibility === 'PUBLIC' || isOf(caller, one);
  const found = findMirror(snapshot, host, caller.organizationUid);
  const mirror = found !== undefined && isUsable(found) ? found : undefined;

  if (owner.organization !== undefined) {
    // The host name of the edge names the organization. Only an organization that mirrors the host
    // in `ns` comes before it.
    const name = mirror?.name ?? owner.organization;
    return [{ owner: { kind: 'mirror-host', host, organization: name }, repository }];
  }
  const whole: Place = {
    owner: { kind: 'mirror-host', host, ...(mirror === undefined ? {} : { organization: mirror.name }) },
    repository,
  };
  const path = pathPlace(host, repository);
  if (path === undefined) return [whole];
  const isTooDeep = isDockerHub(host) && repository.split('/').length >= TOO_DEEP_FOR_DOCKER_HUB;
  if (isTooDeep && (found?.proxyCache === undefined || isDockerHub(found.proxyCache.upstreamHost))) return [path];
  const named = snapshot.organizationsByName.get(path.owner.name);
  if (named === undefined || !isUsable(named)) return [whole];
  if (mirror === undefined) {
    // The client may be a robot of the private organization that mirrors the host, and has not
    // shown its credentials yet.
    return !caller.hasCredentials && closed() ? [whole] : [path];
  }
  if (!sharesUpstream(mirror, named)) return [whole];
  const isOwn = named.uid === caller.organizationUid || (isOf(caller, named) && !isOf(caller, mirror));
  return isTooDeep || (isOwn && named.uid !== mirror.uid) ? [path, whole] : [whole, path];
}

/** Returns whether the caller claims to be a robot that may pull from the organization. */
function isOf(caller: ClaimedIdentity, { uid }: OrganizationConfiguration): boolean {
  return uid === caller.organizationUid || caller.grantedUids?.has(uid) === true;
}

function pathPlace(
  host: string,
  repository: string,
): { readonly owner: Extract<Owner, { kind: 'organization' }>; readonly repository: string } | undefined {
  const slash = repository.indexOf('/');
  if (slash < 0) return undefined;
  return {
    owner: { kind: 'organization', name: repository.slice(0, slash), host },
    repository: repository.slice(slash + 1),
  };
}

/**
 * Returns whether the organization in the path serves the same registry as the mirror, as it is:
 * nobody but this registry decides about the content in either reading.
 */
function sharesUpstream(mirror: OrganizationConfiguration, named: OrganizationConfiguration): boolean {
  if (mirror.uid === named.uid) return true;
  const [one, other] = [mirror.proxyCache, named.proxyCache];
  if (one === undefined || other === undefined) return false;
  return (
    // Of a registry below whose namespace the host is mirrored, the rest is not this host.
    one.upstreamNamespace === '' &&
    other.upstreamNamespace === '' &&
    one.insecure === other.insecure &&
    one.caCertificate === other.caCertificate &&
    registryKey(one.upstreamHost, one.insecure) === registryKey(other.upstreamHost, other.insecure)
  );
}
