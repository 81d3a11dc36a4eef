import { createHash } from 'node:crypto';
import { createSecureContext, rootCertificates } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { Agent, type Dispatcher } from 'undici';
import { type ConnectorOptions, createConnector } from './connector';
import { MAX_HEADER_BYTES } from './limits';
import type { ConnectionUse } from './route';

/**
 * Maximum number of agents in use; an agent that is dropped closes its connections when they
 * are idle.
 */
const MAX_AGENTS = 64;

/** The parameters of {@link Agents}. */
export interface AgentOptions extends Omit<ConnectorOptions, 'secureContext'> {
  /** Certificates of all trusted authorities in PEM; undefined = those that Node.js trusts. */
  readonly authorities: readonly string[] | undefined;
  /** Maximum number of connections to one origin. */
  readonly connections: number;
  /** Timeout for the response headers, in milliseconds. */
  readonly headersMs: number;
  /** Timeout for the next bytes of a body, in milliseconds. */
  readonly bodyMs: number;
}

/**
 * Holds connection pools, one per CA bundle: a connection that was made with the CA of one
 * organization is never used for another organization that does not trust it. Uses HTTP/1.1 on
 * purpose, because in HTTP/2 all streams to a host share one flow-control window, which limits
 * blobs (docs/design/access.md#http-client).
 */
export class Agents {
  private readonly agents = new LRUCache<string, Agent>({
    max: MAX_AGENTS,
    dispose: (agent, _key, reason) => {
      if (reason === 'evict') agent.close().catch(() => undefined);
    },
  });

  constructor(private readonly options: AgentOptions) {}

  /**
   * Returns the dispatcher for connections that trust the authorities of the options and, if given,
   * a PEM bundle (docs/security.md#trusted-authorities).
   */
  for(caCertificate: string | undefined, connection: ConnectionUse): Dispatcher {
    const trust = caCertificate === undefined ? 'system' : createHash('sha256').update(caCertificate).digest('hex');
    const key = `${connection} ${trust}`;
    let agent = this.agents.get(key);
    if (agent === undefined) {
      agent = this.create(caCertificate);
      this.agents.set(key, agent);
    }
    return agent;
  }

  /** Closes all connections immediately. */
  async close(): Promise<void> {
    const agents = [...this.agents.values()];
    this.agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  private create(caCertificate: string | undefined): Agent {
    const { authorities, connections, headersMs, bodyMs } = this.options;
    return new Agent({
      connections,
      pipelining: 1,
      headersTimeout: headersMs,
      bodyTimeout: bodyMs,
      // undici refuses headers that reach this size.
      maxHeaderSize: MAX_HEADER_BYTES + 1,
      connect: createConnector({
        ...this.options,
        // `ca` replaces the authorities that Node.js trusts, so they are added again. Done once per
        // agent, because parsing 150 certificates takes time.
        secureContext: () =>
          caCertificate === undefined && authorities === undefined
            ? undefined
            : createSecureContext({ ca: [...(authorities ?? rootCertificates), caCertificate ?? []].flat() }),
      }),
    });
  }
}
