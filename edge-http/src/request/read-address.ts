import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const WITH_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3}))(?::\d{1,5})?$/;

/**
 * Returns the normalized address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or
 * `[2001:db8::1]:80`. An IPv4-mapped IPv6 address becomes IPv4. Returns undefined for anything
 * else: names, `unknown`, zones, short forms of IPv4.
 */
export function readAddress(text: string): string | undefined {
  const [, v6, v4] = WITH_PORT.exec(text) ?? [];
  const address = v6 ?? v4 ?? text;
  if (isIP(address) === 0 || address.includes('%') || (v6 !== undefined && isIP(v6) !== 6)) return undefined;
  return ipaddr.process(address).toString();
}
