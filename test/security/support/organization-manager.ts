import { send } from '../../support/real/http-client';
import type { InProcessLayover } from '../../support/real/layover-in-process';

/** An error of the management API. */
export interface RefusedChange {
  readonly message: string;
  readonly extensions: { readonly code: string; readonly field?: string };
}

/** The proxy configuration in the answer to a change. */
export interface ChangedProxyCache {
  readonly upstream: string;
  readonly mirrorHost: string | null;
  readonly hasCredentials: boolean;
  readonly trustedRealms: readonly string[];
}

/** Changes one organization with a token of role MANAGER. */
export interface OrganizationManager {
  /**
   * Sends `updateOrganization`. Resolves to the changed proxy configuration, or to the first error.
   */
  update(input: object): Promise<ChangedProxyCache | RefusedChange>;
  /** Sends `applyOrganization`, with the name of the organization added to the input. */
  apply(input: object): Promise<ChangedProxyCache | RefusedChange>;
  /** Sends `validateProxyCache`. Resolves to the message. */
  validate(input: object): Promise<string>;
}

const FIELDS = 'proxyCache { upstream mirrorHost hasCredentials trustedRealms }';
const UPDATE = `mutation ($name: String!, $input: OrganizationPatch!) {
  changed: updateOrganization(name: $name, input: $input) { ${FIELDS} }
}`;
const APPLY = `mutation ($input: OrganizationInput!) { changed: applyOrganization(input: $input) { ${FIELDS} } }`;
const VALIDATE = 'mutation ($input: ProxyCacheInput!) { validateProxyCache(input: $input) { message } }';
const TOKEN = `mutation ($organization: String!) {
  createApiToken(name: "manager", role: MANAGER, organization: $organization) { token }
}`;

/** Creates a MANAGER token for an organization that exists. */
export async function managerOf(layover: InProcessLayover, organization: string): Promise<OrganizationManager> {
  const { createApiToken } = await layover.graphql.run<{ createApiToken: { token: string } }>(TOKEN, { organization });
  const post = async <T>(query: string, variables: object): Promise<{ data?: T | null; errors?: RefusedChange[] }> => {
    const { body } = await send({
      method: 'POST',
      url: `${layover.controlUrl}/graphql`,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${createApiToken.token}` },
      body: Buffer.from(JSON.stringify({ query, variables })),
    });
    return JSON.parse(body.toString()) as { data?: T | null; errors?: RefusedChange[] };
  };
  const change = async (query: string, variables: object): Promise<ChangedProxyCache | RefusedChange> => {
    const { data, errors } = await post<{ changed: { proxyCache: ChangedProxyCache } }>(query, variables);
    return errors?.[0] ?? data!.changed.proxyCache;
  };
  return {
    update: (input) => change(UPDATE, { name: organization, input }),
    apply: (input) => change(APPLY, { input: { name: organization, ...input } }),
    async validate(input) {
      const { data } = await post<{ validateProxyCache: { message: string } }>(VALIDATE, { input });
      return data!.validateProxyCache.message;
    },
  };
}
