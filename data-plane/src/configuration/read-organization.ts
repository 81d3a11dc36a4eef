import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { ProxyCache__Output } from '../../../proto/gen/layover/v1/ProxyCache';
import type { ScanPolicy__Output } from '../../../proto/gen/layover/v1/ScanPolicy';
import type { OrganizationConfiguration, ProxyCacheConfiguration, ScanPolicy } from './configuration';

/** Bytes of a token key, and of a SHA-256. */
export const KEY_BYTES = 32;

type Numbers = {
  [K in keyof ProxyCache__Output]: ProxyCache__Output[K] extends number ? K : never;
}[keyof ProxyCache__Output];

/** The lowest value of every number in a proxy configuration, and what is wrong below it. */
const LOWEST: Readonly<Record<Numbers, readonly [lowest: number, what: string]>> = {
  expirationSeconds: [0, 'has a negative expiration'],
  revalidateAfterSeconds: [0, 'has a negative time of revalidation'],
  staleIfErrorSeconds: [-1, 'has a negative limit of staleness'],
};

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
    // A copy with its own memory: a small Buffer is part of Node's pool and would keep 8 KiB of it
    // alive.
    robots.set(name, { secretSha256: Buffer.from(new Uint8Array(secretSha256).buffer) });
  }
  return {
    ...wire,
    proxyCache: wire.proxyCache ? readProxyCache(wire.proxyCache, where) : undefined,
    robots,
    scanPolicy: wire.scanPolicy ? readScanPolicy(wire.scanPolicy, where) : undefined,
  };
}

function readScanPolicy(wire: ScanPolicy__Output, where: string): ScanPolicy {
  check(wire.waitMs >= 0, where, 'has a scan policy with a negative wait');
  return wire;
}

function readProxyCache(wire: ProxyCache__Output, where: string): ProxyCacheConfiguration {
  const { username, password, caCertificate, staleIfErrorSeconds, ...sent } = wire;
  check(wire.upstreamHost !== '', where, 'has no upstream host');
  check(wire.originVersion !== '', where, 'has no origin version');
  check(username !== '' || password === '', where, 'has a password and no user name');
  check(username === '' || wire.credentialVersion !== '', where, 'has credentials without a version');
  for (const [name, [lowest, what]] of Object.entries(LOWEST)) check(wire[name as Numbers] >= lowest, where, what);
  return {
    ...sent,
    credentials: username === '' ? undefined : { username, password },
    caCertificate: caCertificate === '' ? undefined : caCertificate,
    staleIfErrorSeconds: staleIfErrorSeconds === -1 ? undefined : staleIfErrorSeconds,
  };
}

/** Throws a SnapshotError unless `good`. */
export function check(good: boolean, where: string, what: string): void {
  if (!good) throw new SnapshotError(`${where} ${what}`);
}
