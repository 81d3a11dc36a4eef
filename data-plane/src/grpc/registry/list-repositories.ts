import type { ListRepositoriesReply } from '../../../../proto/gen/layover/v1/ListRepositoriesReply';
import type { ListRepositoriesRequest__Output } from '../../../../proto/gen/layover/v1/ListRepositoriesRequest';
import type { RepositoryList } from '../../manifests/list-repositories';
import { readRequestContext } from '../read-request';

/** Answers Registry.ListRepositories (registry.proto). Throws the errors of RepositoryList. */
export async function listRepositoriesRpc(
  list: RepositoryList,
  { context, hostOrganization, limit, last }: ListRepositoriesRequest__Output,
  signal: AbortSignal,
): Promise<ListRepositoriesReply> {
  const { names, nextLast, nextLimit } = await list.list({
    context: readRequestContext(context),
    hostOrganization: hostOrganization === '' ? undefined : hostOrganization,
    limit,
    last,
    signal,
  });
  return { names: [...names], nextLast, nextLimit };
}
