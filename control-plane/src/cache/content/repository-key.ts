import { LayoverError } from '../../../../common/errors/layover-error';
import type { RepositoryKey__Output } from '../../../../proto/gen/layover/v1/RepositoryKey';
import type { RepositoryKey } from './repository.store';

/** Returns the repository key of a request. Throws REQUEST_INVALID if the request has none. */
export function toRepositoryKey(key: RepositoryKey__Output | null): RepositoryKey {
  if (key === null || key.organizationUid === '' || key.repository === '')
    throw new LayoverError('REQUEST_INVALID', {
      message: 'The request does not name a repository. Set repository.organization_uid and repository.repository.',
    });
  return { organizationUid: key.organizationUid, originVersion: key.originVersion, repository: key.repository };
}
