import { BlockList, isIP } from 'node:net';

/** Proxies in front of the edge whose word about clients is taken. */
export interface TrustedProxies {
  /** Whether one is at this address: plain, as readAddress gives it; empty for a unix socket. */
  trusts(address: string): boolean;
}

const CIDR = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/;

/** Reads CIDRs and single addresses separated by commas, `unix` for whoever comes over a unix socket; undefined where one of them is none of that. */
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
  // IPv4 in the form of IPv6 is compared as IPv4: such a network would never match.
  if (family === 0 || prefix > bits || /^::ffff:/i.test(address)) return false;
  networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return true;
}
