import type { Logger } from '../../../../common/runtime/logger';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { ConfigurationSnapshot } from '../../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { Organization as OrganizationMessage } from '../../../../proto/gen/layover/v1/Organization';
import type { ProxyCache as ProxyCacheMessage } from '../../../../proto/gen/layover/v1/ProxyCache';
import type { Robot as RobotMessage } from '../../../../proto/gen/layover/v1/Robot';
import type { Queries } from '../../db/database';
import type { Organization, ProxyCache } from '../organizations/organization';
import type { OrganizationStore } from '../organizations/organization.store';
import type { RobotStore } from '../robots/robot.store';
import { type ForcedSwitches, inForce } from '../settings/system-settings';
import type { SystemSettingsStore } from '../settings/system-settings.store';
import type { TokenKeyStore } from '../tokens/token-key.store';
import type { ConfigurationRevision } from '../settings/configuration-revision';

/** Where a snapshot comes from. */
export interface SnapshotParts {
  readonly revision: ConfigurationRevision;
  readonly organizations: OrganizationStore;
  readonly robots: RobotStore;
  readonly settings: SystemSettingsStore;
  readonly tokenKeys: TokenKeyStore;
  readonly forced: ForcedSwitches;
  readonly box: SealedBox;
  readonly log: Logger;
}

/**
 * The whole configuration, as data planes get it: with upstream passwords in clear (the Catalog listens on a private
 * socket by default). The revision is read first: what is committed while the rest is read is in the snapshot already,
 * and the later revision makes the next one.
 */
export async function buildSnapshot(queries: Queries, parts: SnapshotParts): Promise<ConfigurationSnapshot> {
  const revision = await parts.revision.read(queries);
  const settings = inForce(await parts.settings.read(queries), parts.forced);
  const organizations = await parts.organizations.all(queries);
  const robots = new Map<string, RobotMessage[]>();
  for (const robot of await parts.robots.all(queries)) {
    const others = robots.get(robot.organization_uid) ?? [];
    robots.set(robot.organization_uid, others);
    others.push({ name: robot.name, secretSha256: Buffer.from(robot.secret_sha256, 'hex') });
  }
  const tokenKeys = await parts.tokenKeys.read(queries);
  return {
    revision,
    organizations: organizations.map((organization) => ({
      ...toMessage(organization, parts),
      robots: robots.get(organization.uid) ?? [],
    })),
    settings: {
      proxyCacheEnabled: settings.proxyCacheEnabled,
    },
    tokenKeys: tokenKeys.map(({ id, secret }) => ({ id, secret })),
  };
}

function toMessage(organization: Organization, parts: SnapshotParts): OrganizationMessage {
  const { uid, name, visibility, proxyCache, scanPolicy } = organization;
  return {
    uid,
    name,
    visibility,
    proxyCache: proxyCache === undefined ? null : toProxyMessage(uid, proxyCache, parts),
    scanPolicy:
      scanPolicy === undefined ? null : { unscanned: scanPolicy.unscanned, waitMs: scanPolicy.waitSeconds * 1000 },
  };
}

function toProxyMessage(uid: string, proxy: ProxyCache, parts: SnapshotParts): ProxyCacheMessage {
  const password = openPassword(uid, proxy, parts);
  return {
    enabled: proxy.enabled,
    upstreamHost: proxy.upstreamHost,
    upstreamNamespace: proxy.upstreamNamespace,
    mirrorHost: proxy.mirrorHost ?? '',
    // A name without its password would be refused by upstream where anonymous might do.
    username: password === '' ? '' : (proxy.username ?? ''),
    password,
    credentialVersion: proxy.credentialVersion,
    originVersion: proxy.originVersion,
    insecure: proxy.insecure,
    caCertificate: proxy.caCertificate ?? '',
    expirationSeconds: proxy.expirationSeconds,
    revalidateAfterSeconds: proxy.revalidateAfterSeconds,
    staleIfErrorSeconds: proxy.staleIfErrorSeconds ?? -1,
    onUpstreamDelete: proxy.onUpstreamDelete,
    completeImages: proxy.completeImages,
    allowRepositories: [...proxy.allowRepositories],
    denyRepositories: [...proxy.denyRepositories],
  };
}

/** Empty where there is none. One that no configured master key opens is told of, and upstream is asked anonymously until it is set anew. */
function openPassword(uid: string, proxy: ProxyCache, parts: SnapshotParts): string {
  if (proxy.sealedPassword === undefined) return '';
  try {
    return parts.box.open(proxy.sealedPassword, uid).toString('utf8');
  } catch (error) {
    parts.log.error({ err: error, organizationUid: uid }, 'an upstream password cannot be opened: set it again');
    return '';
  }
}
