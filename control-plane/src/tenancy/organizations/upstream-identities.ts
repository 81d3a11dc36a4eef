import { createHash, createHmac, hkdfSync, X509Certificate } from 'node:crypto';
import { isDockerHub } from '../../../../common/oci/canonical-repository';

/** The parts of a proxy configuration that say which server an organization pulls from, and how. */
interface Endpoint {
  /** host[:port] as written. */
  readonly upstreamHost: string;
  readonly insecure: boolean;
  /** PEM. */
  readonly caCertificate: string | undefined;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const PORT = /:(\d+)$/;
/** The kinds of identities. */
const ANONYMOUS = 'anonymous:';
const ACCOUNT = 'account:';
const CREDENTIALS = 'credentials:';

/**
 * Returns whether two configurations reach the same server in the same way: scheme, host, port and
 * trust anchors. The aliases of Docker Hub are one host.
 */
export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return describeEndpoint(a) === describeEndpoint(b);
}

/** Returns the identity of all organizations that pull from this server without an account. */
export function anonymousIdentity(endpoint: Endpoint): string {
  return `${ANONYMOUS}${createHash('sha256').update(describeEndpoint(endpoint)).digest('hex')}`;
}

/**
 * Returns the identities of an organization (docs/design/pull-semantics.md#right-to-read). A proof
 * is recorded under all of them and is good for whoever has one of them. The last one is shared by
 * organizations that are the same to the upstream. Without it, the organization shares nothing.
 */
export function identitiesOf(proxy: {
  readonly accountVersion: string;
  readonly sharedIdentity: string | undefined;
}): readonly string[] {
  const { accountVersion, sharedIdentity } = proxy;
  if (sharedIdentity?.startsWith(ANONYMOUS) === true) return [sharedIdentity];
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
  identityOf(endpoint: Endpoint, username: string, password: string): string {
    const account = JSON.stringify([describeEndpoint(endpoint), username, password]);
    return `${CREDENTIALS}${createHmac('sha256', this.key).update(account).digest('hex')}`;
  }
}

function describeEndpoint({ upstreamHost, insecure, caCertificate }: Endpoint): string {
  const scheme = insecure ? 'http' : 'https';
  const port = PORT.exec(upstreamHost)?.[1];
  const host = upstreamHost.replace(PORT, '');
  return JSON.stringify([
    scheme,
    isDockerHub(host) ? 'docker.io' : host,
    Number(port ?? (insecure ? 80 : 443)),
    caCertificate === undefined ? '' : normalizeCertificates(caCertificate),
  ]);
}

/** Returns the same text for the same set of certificates, however their PEM is formatted. */
function normalizeCertificates(pem: string): string {
  const certificates = [...pem.matchAll(CERTIFICATE)].map(([text]) => new X509Certificate(text).fingerprint256);
  return [...new Set(certificates)].sort().join(',');
}
