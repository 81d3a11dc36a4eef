import type { CallWatch } from '../../../../common/grpc/observe-calls';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { RegistryHandlers } from '../../../../proto/gen/layover/v1/Registry';
import { Addresses } from '../../access/addresses';
import type { CredentialChecks } from '../../access/identify';
import type { Configuration } from '../../configuration/configuration';
import type { RepositoryList } from '../../manifests/list-repositories';
import type { ReferrersList } from '../../manifests/list-referrers';
import type { TagList } from '../../manifests/list-tags';
import type { EdgeAnswers } from '../../manifests/edge-answers';
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
import { recordAnswersRpc } from './record-answers';
import { RunningReads } from './running-reads';
import { statBlobRpc } from './stat-blob';
import { CallStreams } from './call-streams';
import type { CallTable } from './call-table';
import { openBlobRpc } from './open-blob';

/** Dependencies of the Registry service. */
export interface RegistryParts {
  readonly manifests: ManifestService;
  readonly edgeAnswers: EdgeAnswers;
  readonly blobs: BlobService;
  readonly tags: TagList;
  readonly repositories: RepositoryList;
  readonly referrers: ReferrersList;
  readonly configuration: Configuration;
  readonly checks: CredentialChecks;
  readonly watch: CallWatch;
  /** Undefined if this data plane has no byte channel. */
  readonly channel?: ByteChannelOffers | undefined;
  /** See OpenedBlobStore. */
  readonly isShared: boolean;
  readonly expectReaders?: ((digest: Digest) => void) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The methods of Registry (registry.proto), and the streams of its small calls. */
export interface RegistryMethods {
  readonly handlers: RegistryHandlers;
  readonly calls: CallStreams;
}

/** Creates the methods of Registry, each from its own file. */
export function registryMethods(parts: RegistryParts): RegistryMethods {
  const { manifests, edgeAnswers, blobs, tags, repositories, referrers, configuration, checks } = parts;
  const { watch, clock, logger } = parts;
  const addresses = new Addresses(configuration, checks.tokens, clock, async (request) => {
    const page = await tags.list({ ...request, limit: 1, last: '', page: '' });
    return page.tags.length > 0;
  });
  const table: CallTable = {
    getManifest: (message, signal) => getManifest(addresses, manifests, message, signal),
    statBlob: (message, signal) => statBlobRpc(addresses, blobs, message, signal),
    openBlob: (message, signal) => openBlobRpc(addresses, blobs, message, signal),
    listTags: (message, signal) => listTagsRpc(addresses, tags, message, signal),
    listReferrers: (message, signal) => listReferrersRpc(addresses, manifests, referrers, message, signal),
    listRepositories: (message, signal) => listRepositoriesRpc(repositories, message, signal),
    checkAccess: (message) => checkAccessRpc(configuration, checks, message),
    issueToken: (message) => issueTokenRpc(configuration, checks, message),
    recordAnswers: (message, signal) => recordAnswersRpc(addresses, edgeAnswers, message, signal),
  };
  const calls = new CallStreams({ table, watch, clock, logger });
  return {
    calls,
    handlers: {
      AnswerCalls: calls.handler,
      ReadBlob: readBlob({ ...parts, addresses, reads: new RunningReads() }),
    },
  };
}
