import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { ProxyCache__Output } from '../../../proto/gen/layover/v1/ProxyCache';
import type { Robot__Output } from '../../../proto/gen/layover/v1/Robot';
import type { ScanPolicy__Output } from '../../../proto/gen/layover/v1/ScanPolicy';
import type {
  OrganizationConfiguration,
  ProxyCacheConfiguration,
  RobotConfiguration,
  ScanPolicy,
} from './configuration';

/** Length of a token key and of a SHA-256 hash, in bytes. */
export const KEY_BYTES = 32;

/**
 * Longest wait of a pull for a scan, in milliseconds, even if more is set. containerd 2 and Docker
 * 29 give up after 30 seconds without headers, and go to the upstream if they may.
 */
export const LONGEST_SCAN_WAIT_MS = 25_000;

type Numbers = {
  [K in keyof ProxyCache__Output]: ProxyCache__Output[K] extends number ? K : never;
}[keyof ProxyCache__Output];

/** The minimum of each number in a proxy configuration, and the error message for a lower value. */
const LOWEST: Readonly<Record<Numbers, readonly [lowest: number, what: string]>> = {
  expirationSeconds: [0, 'has a negative expiration'],
  revalidateAfterSeconds: [0, 'has a negative revalidation time'],
  staleIfErrorSeconds: [-1, 'has a negative staleness limit'],
};

/**
 * Thrown if a snapshot is invalid. The message names the organization and the field, but never a
 * value that may be secret.
 */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

/** Reads an organization of a snapshot. Throws a SnapshotError if it is invalid. */
export function readOrganization(wire: Organization__Output): OrganizationConfiguration {
  check(wire.uid !== '' && wire.name !== '', 'an organization', 'has no uid or no name');
  const where = `organization ${wire.name}`;
  const robots = new Map<string, RobotConfiguration>();
  for (const robot of wire.robots) {
    check(robot.name !== '' && !robots.has(robot.name), where, 'has a robot whose name is empty or not unique');
    robots.set(robot.name, readRobot(robot, where));
  }
  return {
    ...wire,
    proxyCache: wire.proxyCache ? readProxyCache(wire.proxyCache, where, wire.uid) : undefined,
    robots,
    scanPolicy: wire.scanPolicy ? readScanPolicy(wire.scanPolicy, where) : undefined,
  };
}

function readRobot(wire: Robot__Output, where: string): RobotConfiguration {
  const { name, expiresAt, previousSecretSha256: previous, previousSecretEndsAt: endsAt } = wire;
  check(expiresAt >= 0, where, `has a robot ${name} with a negative expiry`);
  check(!wire.grantedUids.includes(''), where, `has a robot ${name} with an empty organization`);
  return {
    secretSha256: readHash(wire.secretSha256, where, name),
    previousSecret: previous.length === 0 ? undefined : { sha256: readHash(previous, where, name), endsAt },
    expiresAt: expiresAt === 0 ? Infinity : expiresAt,
    grantedUids: new Set(wire.grantedUids),
  };
}

function readHash(wire: Buffer, where: string, robot: string): Buffer {
  check(wire.length === KEY_BYTES, where, `has a robot ${robot} whose secret is not a SHA-256 hash`);
  // Uses a copy, because a small Buffer shares the pool of Node and would keep 8 KiB of it alive.
  return Buffer.from(new Uint8Array(wire).buffer);
}

function readScanPolicy(wire: ScanPolicy__Output, where: string): ScanPolicy {
  check(wire.waitMs >= 0, where, 'has a scan policy with a negative wait');
  return { ...wire, waitMs: Math.min(wire.waitMs, LONGEST_SCAN_WAIT_MS) };
}

function readProxyCache(wire: ProxyCache__Output, where: string, uid: string): ProxyCacheConfiguration {
  const { username, password, caCertificate, staleIfErrorSeconds, upstreamIdentities, ...sent } = wire;
  check(wire.upstreamHost !== '', where, 'has no upstream host');
  check(wire.originVersion !== '', where, 'has no origin version');
  check(username !== '' || password === '', where, 'has a password but no user name');
  check(username === '' || wire.credentialVersion !== '', where, 'has credentials without a version');
  for (const [name, [lowest, what]] of Object.entries(LOWEST)) check(wire[name as Numbers] >= lowest, where, what);
  return {
    ...sent,
    credentials: username === '' ? undefined : { username, password },
    caCertificate: caCertificate === '' ? undefined : caCertificate,
    staleIfErrorSeconds: staleIfErrorSeconds === -1 ? undefined : staleIfErrorSeconds,
    upstreamIdentities: readIdentities(upstreamIdentities, wire, where, uid),
  };
}

/**
 * Returns the upstream identities of an organization. An earlier control plane sends none: the
 * organization then has an identity of its own, which ends with its credentials and its upstream.
 */
function readIdentities(
  [first, ...rest]: readonly string[],
  { originVersion, credentialVersion }: ProxyCache__Output,
  where: string,
  uid: string,
): readonly [string, ...string[]] {
  if (first === undefined) return [`organization:${uid}:${originVersion}:${credentialVersion}`];
  check(first !== '' && !rest.includes(''), where, 'has an empty upstream identity');
  return [first, ...rest];
}

/** Throws a SnapshotError with the message `where what` if `good` is false. */
export function check(good: boolean, where: string, what: string): void {
  if (!good) throw new SnapshotError(`${where} ${what}`);
}
