import { lookup } from 'node:dns/promises';

/** Returns the IP addresses of a name, in any order. Rejects if the lookup fails. */
export type HostResolver = (host: string) => Promise<readonly string[]>;

/** Resolver of the operating system: hosts file and DNS, IPv4 and IPv6. */
export const systemResolver: HostResolver = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};
