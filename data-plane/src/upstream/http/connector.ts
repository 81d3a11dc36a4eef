import { isIP, isIPv6, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { withTimeout } from '../../../../common/async/deadline';
import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { ProxiedNames, Resolver } from '../options';
import type { AddressPolicy } from './address-policy';
import { addressRefused } from './address-refused';
import { ConnectError, isConnectError } from './connect-error';
import { errorCode } from './error-code';
import { createGuardedLookup, resolveForProxy } from './guarded-lookup';
import { bareHostname, type ProxyRules } from './proxy-rules';
import type { Tunnels } from './tunnels';

/** The parameters of {@link createConnector}. */
export interface ConnectorOptions {
  readonly policy: AddressPolicy;
  readonly resolver: Resolver;
  readonly proxyFor: ProxyRules;
  readonly tunnels: Tunnels;
  /** How names are treated behind a proxy. */
  readonly proxiedNames: ProxiedNames;
  readonly clock: Clock;
  /**
   * Returns the trusted certificates in addition to the system's; undefined = only the system's.
   * Throws if a PEM is invalid.
   */
  readonly secureContext: () => SecureContext | undefined;
  /** Timeout for DNS, TCP and TLS together, and for DNS alone behind a proxy, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Names that mean this machine or the metadata service of its cloud for every resolver, including
 * the one of a proxy. Refused behind a proxy even if they do not resolve here.
 */
const INTERNAL_NAMES: readonly RegExp[] = [
  // RFC 6761 section 6.3, and the names that Debian and Red Hat have in /etc/hosts.
  /^(?:.+\.)?localhost[46]?(?:\.localdomain[46]?)?$/,
  /^ip6-(?:localhost|loopback)$/,
  /^metadata(?:\.goog|\.google\.internal)?$/,
  /^instance-data(?:\..+)?$/,
];

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
      if (INTERNAL_NAMES.some((name) => name.test(hostname))) return fail(addressRefused(hostname));
      const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
      const open = async (): Promise<Socket> => {
        const name = await proxiedName(hostname, options).catch((error: unknown) => {
          throw new ConnectError(error);
        });
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
 * Returns the host that the proxy connects to: the name, or its checked address. Throws
 * UPSTREAM_ADDRESS_REFUSED, or UPSTREAM_UNREACHABLE if the name cannot be resolved here.
 */
async function proxiedName(hostname: string, options: ConnectorOptions): Promise<string> {
  const { policy, resolver, proxiedNames, clock, timeoutMs } = options;
  try {
    const lookup = resolveForProxy(hostname, resolver, policy);
    const [first] = await withTimeout(clock, timeoutMs, lookup, () => {
      throw Object.assign(new Error('the lookup took too long'), { code: 'ETIMEDOUT' });
    });
    return proxiedNames === 'pin' ? first!.address : hostname;
  } catch (error) {
    if (isLayoverError(error)) throw error;
    if (proxiedNames === 'proxy') return hostname;
    throw new LayoverError('UPSTREAM_UNREACHABLE', {
      message:
        `The name ${hostname} cannot be resolved here (${errorCode(error)}), so its address cannot be checked before ` +
        'the proxy connects to it; if only the proxy can resolve names, set LAYOVER_UPSTREAM_PROXY_NAMES=proxy',
      cause: error,
    });
  }
}

function secure(secureContext: SecureContext | undefined): { readonly secureContext?: SecureContext } {
  return secureContext === undefined ? {} : { secureContext };
}
