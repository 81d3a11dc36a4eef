import ipaddr from 'ipaddr.js';

/** Bits of an IPv6 address that a network gives to one site; the site chooses the others freely. */
const SITE_BITS = 64;

/**
 * Returns what counts as one client when failures are counted: an IPv4 address, or the /64 network
 * of an IPv6 address, because whoever has one such address usually has all 2^64 of them (RFC 6177).
 * An IPv4 address that is mapped into IPv6 is the IPv4 address. Other texts are returned unchanged.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${withoutZone(address)}/${SITE_BITS}`).toString()}/${SITE_BITS}`;
}

function withoutZone(address: string): string {
  return address.split('%', 1)[0]!;
}
