import { timingSafeEqual } from 'node:crypto';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { DesiredProxyCache, PasswordChange, ProxyCache } from './proxy-cache';

/** What {@link nextProxyCache} needs beside its input. */
export interface ProxyCacheContext {
  /** The organization: passwords are sealed for it alone. */
  readonly organizationUid: string;
  readonly box: SealedBox;
  /** Makes a new credential or origin version. */
  readonly newVersion: () => string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The configuration that is stored when `desired` replaces `current`.
 *
 * The stored password goes only where it was meant for: it is dropped when the upstream's host or port changes, and when
 * there is no username any more (graphql contract, ProxyCacheInput.upstreamPassword). A password equal to the stored one
 * changes nothing, so applying the same input twice is one state.
 */
export function nextProxyCache(
  current: ProxyCache | undefined,
  desired: DesiredProxyCache,
  context: ProxyCacheContext,
): ProxyCache {
  const { password, ...settings } = desired;
  const sameHost = current !== undefined && current.upstreamHost === desired.upstreamHost;
  const sameOrigin = sameHost && current.upstreamNamespace === desired.upstreamNamespace;
  const stored = sameHost ? current.sealedPassword : undefined;
  const sealedPassword = desired.upstreamUsername === undefined ? undefined : nextPassword(stored, password, context);
  const sameCredentials =
    sameOrigin && current.upstreamUsername === desired.upstreamUsername && current.sealedPassword === sealedPassword;
  return {
    ...settings,
    sealedPassword,
    credentialVersion: sameCredentials ? current.credentialVersion : context.newVersion(),
    originVersion: sameOrigin ? current.originVersion : context.newVersion(),
    originSince: sameOrigin ? current.originSince : context.now,
  };
}

/** The very same buffer when the password stays what it is. */
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

function opensTo(sealed: Buffer, password: string, context: ProxyCacheContext): boolean {
  try {
    const plain = context.box.open(sealed, context.organizationUid);
    const wanted = Buffer.from(password);
    return plain.length === wanted.length && timingSafeEqual(plain, wanted);
  } catch {
    // Sealed with a key that is gone: the new password takes its place.
    return false;
  }
}
