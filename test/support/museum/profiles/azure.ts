import { SPECIFIED_LIMIT } from '../parts/limits';
import { challengeBearer } from '../parts/refusals';
import { AZURE_TWO_MECHANISMS, azureUrl } from '../parts/storages';
import { pagesByLast } from '../parts/tag-pages';
import type { RegistryProfile } from '../profile';

/**
 * Azure Container Registry. There is no anonymous access by default. The answer of the token server
 * has `access_token` only, without a lifetime. Blobs are redirected to Azure Blob Storage, which
 * refuses requests with two credentials.
 *
 * Sources:
 * - challenge and tokens: https://azure.github.io/acr/Token-BasicAuth.html and
 *   https://azure.github.io/acr/AAD-OAuth.html
 * - storage: https://github.com/Azure/acr/issues/217
 * - parameters of tag lists: https://learn.microsoft.com/rest/api/containerregistry/tag/getlist
 */
export const AZURE: RegistryProfile = {
  key: 'azure',
  name: 'Azure Container Registry',
  repository: 'app',
  authentication: {
    kind: 'bearer',
    anonymous: false,
    account: { username: 'scope-map-token', password: 'example/password+of==' },
    refuse: challengeBearer(),
    tokens: { path: '/oauth2/token', field: 'access_token', expiresIn: null },
  },
  blobs: {
    redirect: {
      status: 307,
      target: ({ digest }) => azureUrl(`/d1b3a-example/docker/registry/v2/blobs/${digest}/data`),
      signedFor: 'any',
      withAuthorization: AZURE_TWO_MECHANISMS,
    },
  },
  tags: pagesByLast({ parameters: { orderby: '' } }),
  referrers: 'api',
  limit: SPECIFIED_LIMIT,
  missing: { repository: 404 },
};
