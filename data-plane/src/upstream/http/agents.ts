import { createHash } from 'node:crypto';
import { createSecureContext, rootCertificates } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { Agent, type Dispatcher } from 'undici';
import { type ConnectorOptions, createConnector } from './connector';

/** CA bundles in use at once; the agent of one pushed out ends its connections when they are idle. */
const MAX_AGENTS = 64;

/** What agents are made with. */
export interface AgentOptions extends Omit<ConnectorOptions, 'secureContext'> {
  /** Connections to one origin. */
  readonly connections: number;
  /** Milliseconds to response headers. */
  readonly headersMs: number;
  /** Milliseconds without a byte of body. */
  readonly bodyMs: number;
}

/**
 * Connection pools, one set for each CA bundle: a connection made under one organization's CA is
 * never used by another that does not trust it. HTTP/1.1 on purpose: one window for all streams of
 * a host caps blobs (docs/design/access.md#http-client).
 */
export class Agents {
  private readonly agents = new LRUCache<string, Agent>({
    max: MAX_AGENTS,
    dispose: (agent, _key, reason) => {
      if (reason === 'evict') agent.close().catch(() => undefined);
    },
  });

  constructor(private readonly options: AgentOptions) {}

  /** The dispatcher for connections that trust the system's roots, and the PEM bundle where one is given. */
  for(caCertificate: string | undefined): Dispatcher {
    const key = caCertificate === undefined ? 'system' : createHash('sha256').update(caCertificate).digest('hex');
    let agent = this.agents.get(key);
    if (agent === undefined) {
      agent = this.create(caCertificate);
      this.agents.set(key, agent);
    }
    return agent;
  }

  /** Cuts everything. */
  async close(): Promise<void> {
    const agents = [...this.agents.values()];
    this.agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  private create(caCertificate: string | undefined): Agent {
    const { connections, headersMs, bodyMs } = this.options;
    return new Agent({
      connections,
      pipelining: 1,
      headersTimeout: headersMs,
      bodyTimeout: bodyMs,
      connect: createConnector({
        ...this.options,
        // `ca` replaces the system's roots, so they are given again. Made once an agent: reading 150 certificates takes time.
        secureContext: () =>
          caCertificate === undefined ? undefined : createSecureContext({ ca: [...rootCertificates, caCertificate] }),
      }),
    });
  }
}
