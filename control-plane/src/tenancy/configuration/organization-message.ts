import type { Logger } from '../../../../common/runtime/logger';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { Organization as OrganizationMessage } from '../../../../proto/gen/layover/v1/Organization';
import type { ProxyCache as ProxyCacheMessage } from '../../../../proto/gen/layover/v1/ProxyCache';
import type { ScanPolicy as ScanPolicyMessage } from '../../../../proto/gen/layover/v1/ScanPolicy';
import { OversizePolicy } from '../organizations/enums';
import { type Organization, ORGANIZATION_SETTINGS } from '../organizations/organization';
import { PROXY_CACHE_SETTINGS, type ProxyCache } from '../organizations/proxy-cache';
import { SCAN_POLICY_SETTINGS, type ScanPolicy } from '../organizations/scan-policy';
import { toMessageFields } from '../organizations/settings/setting-messages';
import { identitiesOf } from '../organizations/upstream-identities';

/**
 * Dependencies of {@link toMessage}: opens upstream passwords, and logs those that cannot be
 * opened.
 */
export interface MessageParts {
  readonly box: SealedBox;
  readonly log: Logger;
}

/**
 * Returns the message for an organization, without its robots. The upstream password is in clear
 * text.
 */
export function toMessage(organization: Organization, parts: MessageParts): OrganizationMessage {
  const { uid, name, proxyCache, quota, scanPolicy } = organization;
  // With `Required`, code that does not set every field of the message does not compile.
  const message: Required<Omit<OrganizationMessage, 'robots'>> = {
    ...toMessageFields(ORGANIZATION_SETTINGS, organization),
    uid,
    name,
    proxyCache: proxyCache === undefined ? null : toProxyMessage(uid, proxyCache, parts),
    scanPolicy: scanPolicy === undefined ? null : toScanPolicyMessage(scanPolicy),
    quotaBytes: boundOfUnknownSizes(quota),
    rejectsOversize: quota?.onOversize === OversizePolicy.REJECT,
  };
  return message;
}

/** Returns the quota, if a blob of unknown size must not exceed it; otherwise 0. */
function boundOfUnknownSizes(quota: Organization['quota']): number {
  if (quota === undefined || quota.onOversize === OversizePolicy.OVERFLOW) return 0;
  // Larger numbers are not exact in a message, and larger quotas bound no blob.
  return Math.min(Number(quota.limitBytes), Number.MAX_SAFE_INTEGER);
}

function toProxyMessage(uid: string, proxy: ProxyCache, parts: MessageParts): Required<ProxyCacheMessage> {
  const password = openPassword(uid, proxy, parts);
  return {
    ...toMessageFields(PROXY_CACHE_SETTINGS, proxy),
    upstreamHost: proxy.upstreamHost,
    upstreamNamespace: proxy.upstreamNamespace,
    // The upstream would reject a user name without a password, but may allow anonymous requests.
    username: password === '' ? '' : (proxy.upstreamUsername ?? ''),
    password,
    credentialVersion: proxy.credentialVersion,
    originVersion: proxy.originVersion,
    upstreamIdentities: [...identitiesOf(proxy)],
  };
}

function toScanPolicyMessage(policy: ScanPolicy): Required<ScanPolicyMessage> {
  return toMessageFields(SCAN_POLICY_SETTINGS, policy);
}

/**
 * Returns the upstream password, or '' if there is none. If no configured master key opens the
 * password, logs an error and returns '': requests to the upstream are then anonymous until the
 * password is set again.
 */
function openPassword(uid: string, proxy: ProxyCache, parts: MessageParts): string {
  if (proxy.sealedPassword === undefined) return '';
  try {
    return parts.box.open(proxy.sealedPassword, uid).toString('utf8');
  } catch (error) {
    parts.log.error(
      { err: error, organizationUid: uid },
      'The upstream password of an organization cannot be decrypted; set it again',
    );
    return '';
  }
}
