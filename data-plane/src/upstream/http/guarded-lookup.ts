import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
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

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address found for ${hostname}`), { code: 'ENOTFOUND' });
}
