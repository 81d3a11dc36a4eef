import { lookup } from 'node:dns/promises';
import { DEFAULT_CONNECTIONS, type Resolver, type UpstreamOptions, type UpstreamTimeouts } from '../options';
import { createAddressPolicy } from './address-policy';
import { Agents } from './agents';
import { usesAbsoluteForm } from './connector';
import { createHttpClient, type HttpClient } from './http-client';
import { createOpenProxy, trustProxies } from './proxy-connections';
import { createProxyRules } from './proxy-rules';
import type { ConnectionUse, Route } from './route';
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
  const trust = trustProxies(authorities);
  const tunnels = new Tunnels(timeouts, connections, trust);
  const proxyFor = createProxyRules(options.proxy);
  const proxiedNames = options.proxy?.names ?? 'check';
  const agents = new Agents({
    policy: createAddressPolicy(options.allowedNetworks),
    resolver: options.resolver ?? systemResolver,
    proxyFor,
    tunnels,
    openProxy: createOpenProxy(timeouts.connectMs, trust),
    proxiedNames,
    clock: options.clock,
    timeoutMs: timeouts.connectMs,
    authorities,
    connections,
    headersMs: timeouts.headersMs,
    bodyMs: timeouts.bodyMs,
  });
  const route = (url: URL, caCertificate: string | undefined, connection: ConnectionUse): Route => {
    const dispatcher = agents.for(caCertificate, connection);
    const { origin, pathname, search } = url;
    const proxy = usesAbsoluteForm(url, proxiedNames) ? proxyFor(url) : undefined;
    if (proxy === undefined) return { dispatcher, path: pathname + search, headers: {} };
    const { authorization } = proxy;
    const headers: Record<string, string> = {};
    if (authorization !== undefined) headers['proxy-authorization'] = authorization;
    return { dispatcher, path: `${origin}${pathname}${search}`, headers };
  };
  return {
    http: createHttpClient(route),
    async close() {
      await Promise.all([agents.close(), tunnels.close()]);
    },
  };
}

const systemResolver: Resolver = (hostname) => lookup(hostname, { all: true });
