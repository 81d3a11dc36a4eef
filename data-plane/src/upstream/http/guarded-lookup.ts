import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Resolver } from '../options';
import type { AddressPolicy } from './address-policy';
import { addressRefused } from './address-refused';

/**
 * Creates a lookup function for net.connect that returns only addresses that the policy allows. The
 * socket connects to a returned address and does not resolve again, so that a name cannot point to
 * another address between check and connect (DNS rebinding, docs/design/access.md#address-checks).
 */
export function createGuardedLookup(resolver: Resolver, policy: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    resolver(hostname).then(
      (addresses) => {
        const allowed = addresses.filter((entry) => policy.allows(entry.address) && fits(entry, options.family));
        if (allowed.length === 0) {
          callback(addresses.length === 0 ? notFound(hostname) : addressRefused(hostname), '', 0);
        } else if (options.all === true) {
          callback(null, allowed);
        } else {
          callback(null, allowed[0]!.address, allowed[0]!.family);
        }
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

function fits(entry: LookupAddress, family: number | 'IPv4' | 'IPv6' | undefined): boolean {
  if (family === 4 || family === 'IPv4') return entry.family === 4;
  if (family === 6 || family === 'IPv6') return entry.family === 6;
  return true;
}

/**
 * Resolves a name that a proxy will connect to, and returns its addresses. Throws addressRefused if
 * the policy refuses any of them, because the proxy may choose that one; and the error of the
 * resolver, with a code, if the name has no address here.
 */
export async function resolveForProxy(
  hostname: string,
  resolver: Resolver,
  policy: AddressPolicy,
): Promise<readonly LookupAddress[]> {
  const addresses = isIP(hostname) === 0 ? await resolver(hostname) : [{ address: hostname, family: isIP(hostname) }];
  if (addresses.length === 0) throw notFound(hostname);
  if (!addresses.every(({ address }) => policy.allows(address))) throw addressRefused(hostname);
  return addresses;
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address found for ${hostname}`), { code: 'ENOTFOUND' });
}
