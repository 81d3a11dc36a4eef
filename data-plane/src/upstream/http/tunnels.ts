import type { Socket } from 'node:net';
import { buildConnector, Pool } from 'undici';
import type { ProxyTrust } from './proxy-connections';
import type { ProxyTarget } from './proxy-rules';

/**
 * Opens CONNECT tunnels (RFC 9110 section 9.3.6) through the configured proxies. Addresses of
 * proxies are not checked, because the operator chose them.
 */
export class Tunnels {
  private readonly pools = new Map<string, Pool>();

  constructor(
    private readonly timeouts: { readonly connectMs: number; readonly headersMs: number },
    private readonly connections: number,
    private readonly trust: ProxyTrust,
  ) {}

  /**
   * Opens a raw connection to `authority` (host:port). Rejects if the proxy is unreachable or
   * refuses.
   */
  async open(proxy: ProxyTarget, authority: string): Promise<Socket> {
    const headers: Record<string, string> = { host: authority };
    if (proxy.authorization !== undefined) headers['proxy-authorization'] = proxy.authorization;
    const { statusCode, socket } = await this.poolOf(proxy).connect({
      path: authority,
      headers,
      signal: AbortSignal.timeout(this.timeouts.connectMs + this.timeouts.headersMs),
    });
    if (statusCode !== 200) {
      socket.on('error', () => undefined).destroy();
      throw Object.assign(new Error(`the proxy answered ${statusCode}`), { code: 'PROXY_REFUSED', statusCode });
    }
    return socket as Socket;
  }

  async close(): Promise<void> {
    await Promise.all([...this.pools.values()].map((pool) => pool.destroy()));
  }

  private poolOf(proxy: ProxyTarget): Pool {
    let pool = this.pools.get(proxy.origin);
    if (pool === undefined) {
      pool = new Pool(proxy.origin, {
        connections: this.connections,
        headersTimeout: this.timeouts.headersMs,
        connect: buildConnector({ timeout: this.timeouts.connectMs, ...this.trust(proxy) }),
      });
      this.pools.set(proxy.origin, pool);
    }
    return pool;
  }
}
