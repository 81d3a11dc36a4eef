import { send } from './http-client';

/** The fields of a proxy configuration that tests choose. All others have defaults. */
export interface ProxyCacheChoice {
  /** `host:port[/namespace]`. */
  readonly upstream: string;
  readonly upstreamUsername?: string;
  readonly upstreamPassword?: string;
  readonly mirrorHost?: string;
  readonly revalidateAfterSeconds?: number;
  readonly expirationSeconds?: number;
  readonly completeImages?: boolean;
  readonly directRanges?: boolean;
  readonly onUpstreamDelete?: 'PROPAGATE' | 'KEEP';
  readonly denyRepositories?: readonly string[];
}

/** A pull as recorded in the audit log. */
export interface AuditedPull {
  readonly id: string;
  readonly repository: string | null;
  readonly reference: string | null;
  readonly digest: string | null;
  readonly cacheStatus: string | null;
  readonly httpStatus: number | null;
  readonly upstreamStatus: number | null;
  readonly bytes: string | null;
  readonly actor: string;
  readonly clientAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

/** The management API as used by an administrator's script. */
export interface GraphqlClient {
  /** Runs an operation. Throws an Error with the messages of the API if the answer has errors. */
  run<T>(query: string, variables?: Readonly<Record<string, unknown>>): Promise<T>;
  /** Creates a public organization that mirrors a plain-HTTP upstream. */
  createOrganization(name: string, proxyCache: ProxyCacheChoice): Promise<void>;
  /** Resolves to all PULL events of an organization, oldest first. */
  pulls(organization: string): Promise<AuditedPull[]>;
  /**
   * Resolves to the completeness of a manifest in the cache, or undefined if the manifest is
   * unknown.
   */
  completeness(organization: string, repository: string, digest: string): Promise<string | undefined>;
}

const PAGE = 50;
const PULLS = `query Pulls($organization: String!, $after: String) {
  auditEvents(filter: { organization: $organization, kinds: [PULL] }, first: ${PAGE}, after: $after) {
    edges { node { id repository reference digest cacheStatus httpStatus upstreamStatus bytes actor clientAddress userAgent requestId } }
    pageInfo { hasNextPage endCursor }
  }
}`;

interface PullsPage {
  readonly auditEvents: {
    readonly edges: readonly { readonly node: AuditedPull }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/**
 * Returns a client with an API token for an endpoint: `http://host:port/graphql`, or https with the
 * certificate authority `ca`.
 */
export function graphqlClient(endpoint: string, token: string, ca?: string): GraphqlClient {
  const run: GraphqlClient['run'] = async <T>(query: string, variables: Readonly<Record<string, unknown>> = {}) => {
    const answer = await send({
      method: 'POST',
      url: endpoint,
      ca,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: Buffer.from(JSON.stringify({ query, variables })),
    });
    const { data, errors } = JSON.parse(answer.body.toString()) as { data?: T; errors?: readonly unknown[] };
    if (errors !== undefined || data === undefined) {
      throw new Error(`GraphQL answered ${answer.status}: ${answer.body.toString().slice(0, 2000)}`);
    }
    return data;
  };
  return {
    run,
    async createOrganization(name, proxyCache) {
      const input = { name, proxyCache: { insecure: true, ...proxyCache } };
      await run('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }', { input });
    },
    async pulls(organization) {
      const pulls: AuditedPull[] = [];
      let after: string | null = null;
      do {
        const { auditEvents }: PullsPage = await run<PullsPage>(PULLS, { organization, after });
        pulls.push(...auditEvents.edges.map(({ node }) => node));
        after = auditEvents.pageInfo.hasNextPage ? auditEvents.pageInfo.endCursor : null;
      } while (after !== null);
      return pulls.reverse();
    },
    async completeness(organization, repository, digest) {
      const { manifest } = await run<{ manifest: { completeness: string } | null }>(
        `query ($organization: String!, $repository: String!, $digest: Digest!) {
          manifest(organization: $organization, repository: $repository, digest: $digest) { completeness }
        }`,
        { organization, repository, digest },
      );
      return manifest?.completeness;
    },
  };
}
