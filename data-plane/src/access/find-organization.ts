import { LayoverError } from '../../../common/errors/layover-error';
import type { ConfigurationSnapshot, OrganizationConfiguration } from '../configuration/configuration';
import { registryKey } from '../configuration/registry-key';

/**
 * The organization that a request addresses: by its name in the path, or by a host (`?ns=`, or a
 * host name of the edge that stands for an organization).
 */
export type Owner =
  | {
      readonly kind: 'organization';
      readonly name: string;
      /** The host in `ns`, if the request has one besides. */
      readonly host?: string;
    }
  | {
      readonly kind: 'mirror-host';
      readonly host: string;
      /**
       * The organization that answers for the host in this request, as placesOf found it. Absent =
       * the one with this mirror host.
       */
      readonly organization?: string;
    };

/**
 * Returns the organization for an address (docs/design/pull-semantics.md#addressing). Throws
 * NAME_UNKNOWN with the requested name or host.
 */
export function findOrganization(snapshot: ConfigurationSnapshot, owner: Owner): OrganizationConfiguration {
  const found =
    owner.kind === 'organization'
      ? snapshot.organizationsByName.get(owner.name)
      : owner.organization === undefined
        ? snapshot.organizationsByMirrorHost.get(owner.host.toLowerCase())
        : snapshot.organizationsByName.get(owner.organization);
  if (found !== undefined) return found;
  throw new LayoverError('NAME_UNKNOWN', {
    message:
      owner.kind === 'organization'
        ? `organization "${owner.name}" does not exist; the first component of a path must be an organization`
        : `no organization mirrors the host "${owner.host}"; an operator can configure it as a mirror host`,
    detail: owner.kind === 'organization' ? { organization: owner.name } : { mirrorHost: owner.host },
  });
}

/**
 * Returns the organization that answers for a registry host, in any spelling of it; undefined if
 * there is none. A configured mirror host always wins. Without one, an organization whose upstream
 * is the host answers: the own one of a robot, otherwise the only public one. If several public
 * organizations have this upstream, none of them answers, because the manager of any of them could
 * otherwise take over the requests of all nodes (ADR 41). For the same reason, further
 * organizations of a robot answer only for their mirror host (ADR 43). An upstream without TLS must
 * be named with its port. `ownUid` is the organization of the robot that makes the request.
 */
export function findMirror(
  snapshot: ConfigurationSnapshot,
  host: string,
  ownUid?: string,
): OrganizationConfiguration | undefined {
  const exact = snapshot.organizationsByMirrorHost.get(host.toLowerCase());
  if (exact !== undefined) return exact;
  // Every organization may have this registry, so nothing is parsed or searched for each of them.
  const sharers = [false, true].flatMap((insecure) => {
    const found = snapshot.organizationsByRegistry.get(registryKey(host, insecure)) ?? [];
    return [...found].filter(({ proxyCache }) => proxyCache?.insecure === insecure);
  });
  const configured = sharers.filter(hasMirrorHost).sort(byMirrorHost)[0];
  if (configured !== undefined) return configured;
  // Without TLS anybody on the network may answer, so the client must have named a port.
  const safe = sharers.filter((one) => one.proxyCache?.insecure === false || /:\d+$/.test(host));
  const own = safe.find((one) => one.uid === ownUid);
  const open = safe.filter((one) => one.visibility === 'PUBLIC');
  return own ?? (open.length === 1 ? open[0] : undefined);
}

function hasMirrorHost({ proxyCache }: OrganizationConfiguration): boolean {
  return proxyCache !== undefined && proxyCache.mirrorHost !== '';
}

/**
 * The spelling that image names use comes first (`docker.io` of Docker Hub's names); the rest is in
 * the order of the alphabet, so that all nodes choose the same.
 */
function byMirrorHost(one: OrganizationConfiguration, other: OrganizationConfiguration): number {
  return rank(one) < rank(other) ? -1 : 1;
}

function rank({ proxyCache }: OrganizationConfiguration): string {
  const host = proxyCache?.mirrorHost.toLowerCase() ?? '';
  return `${registryKey(host, proxyCache?.insecure ?? false) === host ? 0 : 1}${host}`;
}
