import { BlockList, isIP } from 'node:net';

/** Proxies in front of the edge whose forwarding headers are trusted. */
export interface TrustedProxies {
  /**
   * Returns true if the address belongs to a trusted proxy. The address is in the form of
   * readAddress, or empty for a unix socket.
   */
  trusts(address: string): boolean;
}

const CIDR = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/;

/**
 * Parses a comma-separated list of CIDRs, addresses and `unix` (all peers on a unix socket).
 * Returns undefined if an item is invalid.
 */
export function parseTrustedProxies(text: string): TrustedProxies | undefined {
  const networks = new BlockList();
  let unix = false;
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === 'unix') unix = true;
    else if (!addNetwork(networks, part)) return undefined;
  }
  return {
    trusts(address) {
      const family = isIP(address);
      return family === 0 ? unix && address === '' : networks.check(address, family === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

function addNetwork(networks: BlockList, text: string): boolean {
  const [, address = '', length] = CIDR.exec(text) ?? [];
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  // IPv4-mapped IPv6 networks would never match, because such addresses are compared as IPv4.
  if (family === 0 || prefix > bits || /^::ffff:/i.test(address)) return false;
  networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return true;
}
