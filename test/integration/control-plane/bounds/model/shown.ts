import type { GraphqlClient } from '../../../../support/real/graphql-client';
import type { ShownVersion } from './model-organization';

/** Usage as shown by GraphQL, in bytes. */
export interface ShownUsage {
  readonly used: number;
  readonly reserved: number;
  readonly timeMachine: number;
  readonly manifests: number;
  readonly blobs: number;
}

/** A version of a tag as shown by GraphQL. */
export interface ShownTag extends ShownVersion {
  readonly name: string;
  readonly complete: boolean;
}

/** An organization as shown by GraphQL. */
export interface ShownOrganization {
  readonly usage: ShownUsage;
  readonly repositories: readonly {
    readonly name: string;
    readonly usedBytes: number;
    readonly tags: readonly ShownTag[];
  }[];
}

interface Answer {
  readonly organization: {
    readonly usage: Readonly<Record<string, string | number>>;
    readonly timeMachineSeconds: number;
    readonly repositories: {
      readonly edges: readonly {
        readonly node: {
          readonly name: string;
          readonly usage: { readonly usedBytes: string };
          readonly tags: {
            readonly edges: readonly {
              readonly node: {
                readonly name: string;
                readonly state: string;
                readonly expiresAt: string | null;
                readonly collectedAfter: string | null;
                readonly manifest: { readonly digest: string; readonly completeness: string };
              };
            }[];
          };
        };
      }[];
    };
  } | null;
}

const QUERY = `query ($name: String!) { organization(name: $name) {
  timeMachineSeconds
  usage { usedBytes reservedBytes timeMachineBytes manifestCount blobCount }
  repositories(first: 20) { edges { node { name usage { usedBytes }
    tags(state: null, first: 100) { edges { node { name state expiresAt collectedAfter manifest { digest completeness } } } } } } }
} }`;

/** Returns an organization as shown by GraphQL. undefined if it does not exist. */
export async function showOrganization(graphql: GraphqlClient, name: string): Promise<ShownOrganization | undefined> {
  const { organization } = await graphql.run<Answer>(QUERY, { name });
  if (organization === null) return undefined;
  const { usage } = organization;
  return {
    usage: {
      used: Number(usage['usedBytes']),
      reserved: Number(usage['reservedBytes']),
      timeMachine: Number(usage['timeMachineBytes']),
      manifests: Number(usage['manifestCount']),
      blobs: Number(usage['blobCount']),
    },
    repositories: organization.repositories.edges.map(({ node }) => ({
      name: node.name,
      usedBytes: Number(node.usage.usedBytes),
      tags: node.tags.edges.map(({ node: tag }) => {
        const active = tag.state === 'ACTIVE';
        if (active !== (tag.collectedAfter === null)) throw new Error(`wrong collectedAfter: ${JSON.stringify(tag)}`);
        return {
          name: tag.name,
          digest: tag.manifest.digest,
          complete: tag.manifest.completeness === 'COMPLETE',
          expiresAt: active && tag.expiresAt !== null ? Date.parse(tag.expiresAt) : undefined,
          leftAt: active ? undefined : Date.parse(tag.collectedAfter!) - organization.timeMachineSeconds * 1000,
        };
      }),
    })),
  };
}
