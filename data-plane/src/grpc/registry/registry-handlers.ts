import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { RegistryHandlers } from '../../../../proto/gen/layover/v1/Registry';
import { Addresses } from '../../access/addresses';
import type { CredentialChecks } from '../../access/identify';
import type { Configuration } from '../../configuration/configuration';
import type { RepositoryList } from '../../manifests/list-repositories';
import type { ReferrersList } from '../../manifests/list-referrers';
import type { TagList } from '../../manifests/list-tags';
import type { ManifestService } from '../../manifests/manifest-service';
import type { BlobService } from '../../blobs/blob-service';
import type { ByteChannelOffers } from '../../channel/byte-listener';
import { checkAccessRpc } from './check-access';
import { getManifest } from './get-manifest';
import { issueTokenRpc } from './issue-token';
import { listReferrersRpc } from './list-referrers';
import { listRepositoriesRpc } from './list-repositories';
import { listTagsRpc } from './list-tags';
import { readBlob } from './read-blob';
import { statBlobRpc } from './stat-blob';
import { unary } from '../unary';

/** Dependencies of the Registry service. */
export interface RegistryParts {
  readonly manifests: ManifestService;
  readonly blobs: BlobService;
  readonly tags: TagList;
  readonly repositories: RepositoryList;
  readonly referrers: ReferrersList;
  readonly configuration: Configuration;
  readonly checks: CredentialChecks;
  /** Undefined if this data plane has no byte channel. */
  readonly channel?: ByteChannelOffers | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Returns the methods of Registry (registry.proto), each from its own file. */
export function registryHandlers(parts: RegistryParts): RegistryHandlers {
  const { manifests, blobs, tags, repositories, referrers, configuration, checks, clock, logger } = parts;
  const addresses = new Addresses(configuration, checks.tokens, clock, async (request) => {
    const page = await tags.list({ ...request, limit: 1, last: '', page: '' });
    return page.tags.length > 0;
  });
  return {
    GetManifest: unary('GetManifest', logger, (message, signal) => getManifest(addresses, manifests, message, signal)),
    StatBlob: unary('StatBlob', logger, (message, signal) => statBlobRpc(addresses, blobs, message, signal)),
    ReadBlob: readBlob({ addresses, blobs, channel: parts.channel, clock, logger }),
    ListTags: unary('ListTags', logger, (message, signal) => listTagsRpc(addresses, tags, message, signal)),
    ListReferrers: unary('ListReferrers', logger, (message, signal) =>
      listReferrersRpc(addresses, manifests, referrers, message, signal),
    ),
    ListRepositories: unary('ListRepositories', logger, (message, signal) =>
      listRepositoriesRpc(repositories, message, signal),
    ),
    CheckAccess: unary('CheckAccess', logger, (message) => checkAccessRpc(configuration, checks, message)),
    IssueToken: unary('IssueToken', logger, (message) => issueTokenRpc(configuration, checks, message)),
  };
}
