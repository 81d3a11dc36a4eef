import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/**
 * Metadata services at public addresses: Azure's wire server. The others are link-local, private or
 * CGNAT.
 */
const REFUSED_UNICAST: readonly string[] = ['168.63.129.16'];
/**
 * IPv4-compatible addresses (RFC 4291 section 2.5.5.1, deprecated), because `::127.0.0.1` counts as
 * unicast.
 */
const IPV4_COMPATIBLE: Network = [ipaddr.parse('::'), 96];
/** The well-known NAT64 prefix (RFC 6052): the last four bytes are the real address. */
const NAT64: Network = [ipaddr.parse('64:ff9b::'), 96];

/** Decides to which addresses upstream connections may go. */
export interface AddressPolicy {
  /**
   * Returns whether connections to an IP address are allowed (IPv6 without brackets). Text that is
   * not an address is refused.
   */
  allows(address: string): boolean;
}

/**
 * Creates a policy that allows public unicast addresses and the given networks. Loopback, private,
 * link-local, CGNAT, multicast, reserved and metadata addresses are refused, even in the form of
 * IPv4-mapped, NAT64 or 6to4 IPv6 addresses (docs/design/access.md#address-checks). Networks are
 * CIDRs; throws a TypeError that names an invalid one.
 */
export function createAddressPolicy(allowedNetworks: readonly string[]): AddressPolicy {
  const allowed = allowedNetworks.map(parseNetwork);
  const isAllowed = (address: Address): boolean => allowed.some((network) => contains(network, address));
  return {
    allows(text) {
      if (!ipaddr.isValid(text)) return false;
      const address = ipaddr.process(text);
      const real = embedded(address) ?? address;
      return isAllowed(address) || isAllowed(real) || isPublic(real);
    },
  };
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  if (contains(IPV4_COMPATIBLE, address)) return false;
  return !REFUSED_UNICAST.includes(address.toString());
}

/** Returns the IPv4 address that packets to this IPv6 address reach. */
function embedded(address: Address): Address | undefined {
  if (!(address instanceof ipaddr.IPv6)) return undefined;
  const bytes = address.toByteArray();
  if (contains(NAT64, address)) return new ipaddr.IPv4(bytes.slice(12));
  // 6to4 (RFC 3056): bytes 2 to 5.
  return address.range() === '6to4' ? new ipaddr.IPv4(bytes.slice(2, 6)) : undefined;
}

function contains([network, bits]: Network, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function parseNetwork(text: string): Network {
  try {
    const [address, bits] = ipaddr.parseCIDR(text.trim());
    if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96) {
      return [address.toIPv4Address(), bits - 96];
    }
    return [address, bits];
  } catch {
    throw new TypeError(`invalid network ${text.slice(0, 100)}: use CIDR notation`);
  }
}
