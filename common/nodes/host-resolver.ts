import { lookup } from 'node:dns/promises';

/** The IP addresses of a name, in any order. Rejects where the name cannot be looked up. */
export type HostResolver = (host: string) => Promise<readonly string[]>;

/** The machine's resolver: hosts file and DNS, IPv4 and IPv6. */
export const systemResolver: HostResolver = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};
