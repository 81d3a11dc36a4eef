import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import type { ProxyTarget } from './proxy-rules';

/** Returns the options of TLS connections to a proxy. */
export type ProxyTrust = (proxy: ProxyTarget) => { readonly secureContext?: SecureContext };

/**
 * Returns the trust in proxies: the given authorities in PEM, or those that Node.js trusts. The
 * certificates are parsed once.
 */
export function trustProxies(authorities: readonly string[] | undefined): ProxyTrust {
  let secureContext: SecureContext | undefined;
  return ({ origin }) => {
    if (authorities === undefined || !origin.startsWith('https:')) return {};
    return { secureContext: (secureContext ??= createSecureContext({ ca: [...authorities] })) };
  };
}

/**
 * Opens connections to proxies, for requests in absolute form (RFC 9112 section 3.2.2). Rejects
 * with the error of the socket. Addresses of proxies are not checked, because the operator chose
 * them.
 */
export type OpenProxy = (proxy: ProxyTarget) => Promise<Socket>;

/** Creates the function that opens connections to proxies within a time limit. */
export function createOpenProxy(timeoutMs: number, trust: ProxyTrust): OpenProxy {
  return (proxy) => {
    const { protocol, hostname, host, port } = new URL(proxy.origin);
    const connect = buildConnector({ timeout: timeoutMs, keepAlive: true, ...trust(proxy) });
    return new Promise((resolve, reject) => {
      connect({ protocol, hostname, host, port }, (...[error, socket]) =>
        error === null ? resolve(socket) : reject(error),
      );
    });
  };
}
