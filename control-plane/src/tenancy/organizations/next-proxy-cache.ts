import { timingSafeEqual } from 'node:crypto';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { DesiredProxyCache, PasswordChange, ProxyCache, ProxyCacheSettings } from './proxy-cache';
import { isSameEndpoint } from './upstream-endpoint';
import { type AccountIdentities, anonymousIdentity } from './upstream-identities';

/** The dependencies of {@link nextProxyCache}. */
export interface ProxyCacheContext {
  /** The uid of the organization. Passwords are sealed for this organization only. */
  readonly organizationUid: string;
  readonly box: SealedBox;
  readonly identities: AccountIdentities;
  /** Returns a new credential, origin or account version. */
  readonly newVersion: () => string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Returns the configuration to store when `desired` replaces `current`.
 *
 * The stored password is only used for the endpoint it was set for: it is dropped if the scheme,
 * host, port or trust anchors of the upstream change, or if there is no user name any more. A
 * password equal to the stored one changes nothing, so that applying the same input twice is
 * idempotent.
 */
export function nextProxyCache(
  current: ProxyCache | undefined,
  desired: DesiredProxyCache,
  context: ProxyCacheContext,
): ProxyCache {
  const { password, ...settings } = desired;
  const sameEndpoint = current !== undefined && isSameEndpoint(current, desired);
  const sameOrigin =
    current?.upstreamHost === desired.upstreamHost && current.upstreamNamespace === desired.upstreamNamespace;
  const stored = sameEndpoint ? current.sealedPassword : undefined;
  const sealedPassword = desired.upstreamUsername === undefined ? undefined : nextPassword(stored, password, context);
  const sameCredentials =
    sameOrigin && current.upstreamUsername === desired.upstreamUsername && current.sealedPassword === sealedPassword;
  const sameAccount =
    sameEndpoint &&
    current.upstreamUsername === desired.upstreamUsername &&
    (current.sealedPassword === undefined) === (sealedPassword === undefined);
  return {
    ...settings,
    accountVersion: sameAccount ? current.accountVersion : context.newVersion(),
    sharedIdentity: sharedIdentity({ ...settings, sealedPassword }, context),
    sealedPassword,
    credentialVersion: sameCredentials ? current.credentialVersion : context.newVersion(),
    originVersion: sameOrigin ? current.originVersion : context.newVersion(),
    originSince: sameOrigin ? current.originSince : context.now,
  };
}

/**
 * Returns the identity that an organization shares with those that are the same to its upstream. An
 * organization whose password cannot be opened pulls anonymously.
 */
export function sharedIdentity(
  proxy: ProxyCacheSettings & Pick<ProxyCache, 'sealedPassword'>,
  { organizationUid, box, identities }: Pick<ProxyCacheContext, 'organizationUid' | 'box' | 'identities'>,
): string {
  const { upstreamUsername, sealedPassword } = proxy;
  const password = sealedPassword === undefined ? undefined : openPassword(sealedPassword, organizationUid, box);
  if (upstreamUsername === undefined || password === undefined) return anonymousIdentity(proxy);
  return identities.identityOf(proxy, upstreamUsername, password.toString('utf8'));
}

/** Returns the next sealed password, which is the same buffer if the password does not change. */
function nextPassword(
  stored: Buffer | undefined,
  change: PasswordChange,
  context: ProxyCacheContext,
): Buffer | undefined {
  switch (change.kind) {
    case 'keep':
      return stored;
    case 'remove':
      return undefined;
    case 'set':
      return stored !== undefined && opensTo(stored, change.password, context)
        ? stored
        : context.box.seal(Buffer.from(change.password), context.organizationUid);
  }
}

function opensTo(sealed: Buffer, password: string, { organizationUid, box }: ProxyCacheContext): boolean {
  const plain = openPassword(sealed, organizationUid, box);
  const wanted = Buffer.from(password);
  return plain !== undefined && plain.length === wanted.length && timingSafeEqual(plain, wanted);
}

/** Returns undefined if the password was sealed with a lost key. A new password replaces it. */
function openPassword(sealed: Buffer, organizationUid: string, box: SealedBox): Buffer | undefined {
  try {
    return box.open(sealed, organizationUid);
  } catch {
    return undefined;
  }
}
