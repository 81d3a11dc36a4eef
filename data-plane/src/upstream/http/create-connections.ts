import { lookup } from 'node:dns/promises';
import { DEFAULT_CONNECTIONS, type Resolver, type UpstreamOptions, type UpstreamTimeouts } from '../options';
import { createAddressPolicy } from './address-policy';
import { Agents } from './agents';
import { createHttpClient, type HttpClient } from './http-client';
import { createProxyRules } from './proxy-rules';
import { Tunnels } from './tunnels';

/** An HTTP client with its own connections. */
export interface Connections {
  readonly http: HttpClient;
  /** Closes all connections immediately. */
  close(): Promise<void>;
}

/**
 * Creates an HTTP client that follows the address, proxy and timeout rules of the options. Throws a
 * TypeError for invalid networks and proxies.
 */
export function createConnections(options: UpstreamOptions, timeouts: UpstreamTimeouts): Connections {
  const connections = options.connectionsPerOrigin ?? DEFAULT_CONNECTIONS;
  const { authorities } = options;
  const tunnels = new Tunnels(timeouts, connections, authorities);
  const agents = new Agents({
    policy: createAddressPolicy(options.allowedNetworks),
    resolver: options.resolver ?? systemResolver,
    proxyFor: createProxyRules(options.proxy),
    tunnels,
    proxiedNames: options.proxy?.names ?? 'check',
    clock: options.clock,
    timeoutMs: timeouts.connectMs,
    authorities,
    connections,
    headersMs: timeouts.headersMs,
    bodyMs: timeouts.bodyMs,
  });
  return {
    http: createHttpClient(agents),
    async close() {
      await Promise.all([agents.close(), tunnels.close()]);
    },
  };
}

const systemResolver: Resolver = (hostname) => lookup(hostname, { all: true });
