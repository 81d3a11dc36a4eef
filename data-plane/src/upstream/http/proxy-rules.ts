import ipaddr from 'ipaddr.js';
import type { ProxySettings } from '../options';

/** A proxy for outgoing connections. */
export interface ProxyTarget {
  /** `http://proxy:3128` */
  readonly origin: string;
  /** The Proxy-Authorization value from the user and password in the URL of the proxy. */
  readonly authorization: string | undefined;
}

/** Returns the proxy for a URL, if any. */
export type ProxyRules = (url: URL) => ProxyTarget | undefined;

/**
 * Creates proxy rules from HTTPS_PROXY, HTTP_PROXY and NO_PROXY with their common meaning. Throws a
 * TypeError if a proxy is not an http or https URL. The message does not contain the value, which
 * may include a password.
 */
export function createProxyRules(settings: ProxySettings = {}): ProxyRules {
  const https = parseProxy('HTTPS_PROXY', settings.httpsProxy);
  const http = parseProxy('HTTP_PROXY', settings.httpProxy);
  const exceptions = (settings.noProxy ?? '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry) => entry.toLowerCase());
  return (url) => {
    const proxy = url.protocol === 'https:' ? https : http;
    return proxy === undefined || exceptions.some((entry) => covers(entry, url)) ? undefined : proxy;
  };
}

function parseProxy(variable: string, text: string | undefined): ProxyTarget | undefined {
  if (text === undefined || text === '') return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(full)) throw new TypeError(`${variable} is not a URL`);
  const url = new URL(full);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`${variable} is not an http or https URL`);
  }
  if (url.username === '') return { origin: url.origin, authorization: undefined };
  const [username, password] = [decoded(url.username), decoded(url.password)];
  if (username === undefined || password === undefined) {
    throw new TypeError(`${variable} has a user or password that is not percent-encoded (%25 means %)`);
  }
  const userinfo = `${username}:${password}`;
  return { origin: url.origin, authorization: `Basic ${Buffer.from(userinfo).toString('base64')}` };
}

/** Returns whether the user and the password in the URL of a proxy can be decoded. */
export function hasValidUserinfo(url: URL): boolean {
  return decoded(url.username) !== undefined && decoded(url.password) !== undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function covers(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const hostname = bareHostname(url);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const withPort = /^(.+):(\d+)$/.exec(entry);
  const isPlainIpv6 = ipaddr.isValid(entry) && entry.includes(':');
  if (withPort !== null && !isPlainIpv6 && withPort[2] !== port) return false;
  const name = (withPort === null || isPlainIpv6 ? entry : withPort[1]!).replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(hostname)) return coversAddress(name, hostname);
  const suffix = name.replace(/^\*?\./, '');
  return hostname === suffix || hostname.endsWith(`.${suffix}`);
}

function coversAddress(name: string, hostname: string): boolean {
  const address = ipaddr.process(hostname);
  if (ipaddr.isValid(name)) return ipaddr.process(name).toString() === address.toString();
  if (!ipaddr.isValidCIDR(name)) return false;
  const [network, bits] = ipaddr.parseCIDR(name);
  return network.kind() === address.kind() && address.match(network, bits);
}

/** Returns the host name of a URL without brackets and without a trailing dot. */
export function bareHostname(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}
