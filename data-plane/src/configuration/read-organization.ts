import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { ProxyCache__Output } from '../../../proto/gen/layover/v1/ProxyCache';
import type { ScanPolicy__Output } from '../../../proto/gen/layover/v1/ScanPolicy';
import type { OrganizationConfiguration, ProxyCacheConfiguration, ScanPolicy } from './configuration';

/** Bytes of a token key, and of a SHA-256. */
export const KEY_BYTES = 32;

/** A snapshot that must not be used. The message names the organization and the field, never a value that may be secret. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

/** Reads one organization of a snapshot. Throws a SnapshotError. */
export function readOrganization(wire: Organization__Output): OrganizationConfiguration {
  check(wire.uid !== '' && wire.name !== '', 'an organization', 'has no uid or no name');
  const where = `organization ${wire.name}`;
  const robots = new Map<string, { readonly secretSha256: Buffer }>();
  for (const { name, secretSha256 } of wire.robots) {
    check(name !== '' && !robots.has(name), where, 'has a robot without a name of its own');
    check(secretSha256.length === KEY_BYTES, where, `has a robot ${name} whose secret is no SHA-256`);
    // A copy of its own: a small Buffer is a part of Node's pool, and would keep 8 KiB of it as long as the robot exists.
    robots.set(name, { secretSha256: Buffer.from(new Uint8Array(secretSha256).buffer) });
  }
  return {
    uid: wire.uid,
    name: wire.name,
    visibility: wire.visibility,
    proxyCache: wire.proxyCache ? readProxyCache(wire.proxyCache, where) : undefined,
    robots,
    scanPolicy: wire.scanPolicy ? readScanPolicy(wire.scanPolicy, where) : undefined,
  };
}

function readScanPolicy({ unscanned, waitMs }: ScanPolicy__Output, where: string): ScanPolicy {
  check(waitMs >= 0, where, 'has a scan policy with a negative wait');
  return { unscanned, waitMs };
}

function readProxyCache(wire: ProxyCache__Output, where: string): ProxyCacheConfiguration {
  check(wire.upstreamHost !== '', where, 'has no upstream host');
  check(wire.originVersion !== '', where, 'has no origin version');
  check(wire.username !== '' || wire.password === '', where, 'has a password and no user name');
  check(wire.username === '' || wire.credentialVersion !== '', where, 'has credentials without a version');
  check(wire.expirationSeconds >= 0, where, 'has a negative expiration');
  check(wire.revalidateAfterSeconds >= 0, where, 'has a negative time of revalidation');
  check(wire.staleIfErrorSeconds >= -1, where, 'has a negative limit of staleness');
  return {
    enabled: wire.enabled,
    upstreamHost: wire.upstreamHost,
    upstreamNamespace: wire.upstreamNamespace,
    mirrorHost: wire.mirrorHost,
    credentials: wire.username === '' ? undefined : { username: wire.username, password: wire.password },
    credentialVersion: wire.credentialVersion,
    originVersion: wire.originVersion,
    insecure: wire.insecure,
    caCertificate: wire.caCertificate === '' ? undefined : wire.caCertificate,
    expirationSeconds: wire.expirationSeconds,
    revalidateAfterSeconds: wire.revalidateAfterSeconds,
    staleIfErrorSeconds: wire.staleIfErrorSeconds === -1 ? undefined : wire.staleIfErrorSeconds,
    onUpstreamDelete: wire.onUpstreamDelete,
    completeImages: wire.completeImages,
    allowRepositories: wire.allowRepositories,
    denyRepositories: wire.denyRepositories,
  };
}

/** Throws a SnapshotError unless `good`. */
export function check(good: boolean, where: string, what: string): void {
  if (!good) throw new SnapshotError(`${where} ${what}`);
}
