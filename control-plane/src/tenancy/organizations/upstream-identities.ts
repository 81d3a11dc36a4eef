import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { describeEndpoint, type UpstreamEndpoint } from './upstream-endpoint';

/** The kinds of identities. */
const ANONYMOUS = 'anonymous:';
const ACCOUNT = 'account:';
const CREDENTIALS = 'credentials:';

/** Returns the identity of all organizations that pull from this server without an account. */
export function anonymousIdentity(endpoint: UpstreamEndpoint): string {
  return `${ANONYMOUS}${createHash('sha256').update(describeEndpoint(endpoint)).digest('hex')}`;
}

/**
 * Returns the identities of an organization (docs/design/pull-semantics.md#right-to-read). A proof
 * is recorded under all of them and is good for whoever has one of them. The first one is its own,
 * also without an account: few repositories are kept of a shared proof, and other organizations
 * could displace those that this one may pull. The last one is shared by organizations that are the
 * same to the upstream. Without it, the organization shares nothing.
 */
export function identitiesOf(proxy: {
  readonly accountVersion: string;
  readonly sharedIdentity: string | undefined;
}): readonly string[] {
  const { accountVersion, sharedIdentity } = proxy;
  const account = `${ACCOUNT}${accountVersion}`;
  return sharedIdentity === undefined ? [account] : [account, sharedIdentity];
}

/**
 * Derives the identity of organizations that use the same account of the same server. It contains
 * the password, because a user name alone proves nothing: anybody can write it into a
 * configuration. It is keyed, so that it cannot be used to guess passwords.
 */
export class AccountIdentities {
  private readonly key: Buffer;

  constructor(masterKey: Buffer) {
    this.key = Buffer.from(hkdfSync('sha256', masterKey, '', 'layover/upstream-identities', 32));
  }

  /** Returns the identity of an account. */
  identityOf(endpoint: UpstreamEndpoint, username: string, password: string): string {
    const account = JSON.stringify([describeEndpoint(endpoint), username, password]);
    return `${CREDENTIALS}${createHmac('sha256', this.key).update(account).digest('hex')}`;
  }
}
