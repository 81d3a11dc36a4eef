import type { Logger } from '../../../../common/runtime/logger';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { Organization as OrganizationMessage } from '../../../../proto/gen/layover/v1/Organization';
import type { ProxyCache as ProxyCacheMessage } from '../../../../proto/gen/layover/v1/ProxyCache';
import type { Organization, ProxyCache } from '../organizations/organization';

/** What {@link toMessage} opens passwords with. */
export interface MessageParts {
  readonly box: SealedBox;
  readonly log: Logger;
}

/** Returns an organization as data planes get it, without its robots. The upstream password is in clear. */
export function toMessage(organization: Organization, parts: MessageParts): OrganizationMessage {
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

function toProxyMessage(uid: string, proxy: ProxyCache, parts: MessageParts): ProxyCacheMessage {
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
function openPassword(uid: string, proxy: ProxyCache, parts: MessageParts): string {
  if (proxy.sealedPassword === undefined) return '';
  try {
    return parts.box.open(proxy.sealedPassword, uid).toString('utf8');
  } catch (error) {
    parts.log.error({ err: error, organizationUid: uid }, 'an upstream password cannot be opened: set it again');
    return '';
  }
}
