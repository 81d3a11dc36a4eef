import { isIP, isIPv6, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import type { ProxiedNames } from '../options';
import { addressRefused } from './address-refused';
import { ConnectError, isConnectError } from './connect-error';
import { createGuardedLookup } from './guarded-lookup';
import { proxiedName, type ProxiedNameOptions } from './proxied-name';
import type { OpenProxy } from './proxy-connections';
import { bareHostname, type ProxyRules } from './proxy-rules';
import type { Tunnels } from './tunnels';

/** The parameters of {@link createConnector}. */
export interface ConnectorOptions extends ProxiedNameOptions {
  readonly proxyFor: ProxyRules;
  readonly tunnels: Tunnels;
  readonly openProxy: OpenProxy;
  /**
   * Returns the trusted certificates in addition to the system's; undefined = only the system's.
   * Throws if a PEM is invalid.
   */
  readonly secureContext: () => SecureContext | undefined;
  /** Timeout for DNS, TCP and TLS together, and for DNS alone behind a proxy, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Creates the function that opens every outgoing connection of the upstream client. Direct
 * connections are checked by address, before connecting and on the connected socket. A proxy
 * connects by itself, so the addresses of a name are checked before the proxy gets it
 * (docs/design/access.md#address-checks). Errors reach the callback as ConnectError.
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { policy, timeoutMs: timeout } = options;
  let connectDirect: buildConnector.connector | undefined;
  const direct = (): buildConnector.connector => {
    connectDirect ??= buildConnector({
      timeout,
      keepAlive: true,
      lookup: createGuardedLookup(options.resolver, policy),
      ...secure(options.secureContext()),
    });
    return connectDirect;
  };
  return (target, callback) => {
    const fail = (cause: unknown, viaProxy = false): void =>
      callback(isConnectError(cause) ? cause : new ConnectError(cause, viaProxy), null);
    try {
      const url = new URL(`${target.protocol}//${target.host ?? target.hostname}`);
      const hostname = bareHostname(url);
      const proxy = options.proxyFor(url);
      if (isIP(hostname) !== 0 && !policy.allows(hostname)) return fail(addressRefused(hostname));
      if (proxy === undefined) {
        return direct()(target, (...[error, socket]) => {
          if (error !== null) return fail(error);
          // Checks the address that the kernel connected to, in case an unusual spelling of an
          // address passed the first check.
          if (socket.remoteAddress !== undefined && !policy.allows(socket.remoteAddress)) {
            socket.destroy();
            return fail(addressRefused(hostname));
          }
          callback(null, socket);
        });
      }
      const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
      const open = async (): Promise<Socket> => {
        const name = await proxiedName(hostname, options).catch((error: unknown) => {
          throw new ConnectError(error);
        });
        if (usesAbsoluteForm(url, options.proxiedNames)) return options.openProxy(proxy);
        return options.tunnels.open(proxy, `${isIPv6(name) ? `[${name}]` : name}:${port}`);
      };
      open().then(
        (socket) => {
          if (target.protocol !== 'https:') return callback(null, socket);
          try {
            direct()({ ...target, httpSocket: socket }, (...[error, secured]) =>
              error === null ? callback(null, secured) : fail(error),
            );
          } catch (error) {
            socket.destroy();
            fail(error);
          }
        },
        (error: unknown) => fail(error, true),
      );
    } catch (error) {
      fail(error);
    }
  };
}

/**
 * Returns whether requests to a URL go through a proxy in absolute form (RFC 9112 section 3.2.2):
 * those without TLS, because many proxies refuse tunnels to ports other than 443, Squid by default.
 * Not for a pinned address, because the proxy would replace the Host header by it.
 */
export function usesAbsoluteForm(url: URL, proxiedNames: ProxiedNames): boolean {
  return url.protocol === 'http:' && proxiedNames !== 'pin';
}

function secure(secureContext: SecureContext | undefined): { readonly secureContext?: SecureContext } {
  return secureContext === undefined ? {} : { secureContext };
}
