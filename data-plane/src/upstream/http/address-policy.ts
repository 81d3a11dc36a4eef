import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/** Metadata services at addresses that look public: Azure's wire server. The others are link-local, private or CGNAT. */
const REFUSED_UNICAST: readonly string[] = ['168.63.129.16'];
/** IPv4-compatible addresses (RFC 4291 section 2.5.5.1, deprecated): `::127.0.0.1` passes for unicast. */
const IPV4_COMPATIBLE: Network = [ipaddr.parse('::'), 96];
/** NAT64's well-known prefix (RFC 6052): the last four bytes are the real address. */
const NAT64: Network = [ipaddr.parse('64:ff9b::'), 96];

/** Which addresses upstream traffic may go to. */
export interface AddressPolicy {
  /** Whether an IP literal (IPv6 without brackets) may be connected to. Text that is no address may not. */
  allows(address: string): boolean;
}

/**
 * Public unicast addresses, and the networks given. Loopback, private, link-local, CGNAT,
 * multicast, reserved and metadata addresses are refused, also when written as IPv4-mapped, NAT64
 * or 6to4 IPv6 (docs/design/access.md#address-checks). Networks are CIDRs; one that cannot be read
 * throws a TypeError that names it.
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

/** The IPv4 address that packets to this IPv6 address end up at. */
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
    throw new TypeError(`not a network in CIDR notation: ${text.slice(0, 100)}`);
  }
}
