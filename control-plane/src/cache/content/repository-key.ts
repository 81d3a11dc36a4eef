import { LayoverError } from '../../../../common/errors/layover-error';
import type { RepositoryKey__Output } from '../../../../proto/gen/layover/v1/RepositoryKey';
import type { RepositoryKey } from './repository.store';

/** The key in a request. Throws REQUEST_INVALID when there is none. */
export function toRepositoryKey(key: RepositoryKey__Output | null): RepositoryKey {
  if (key === null || key.organizationUid === '' || key.repository === '')
    throw new LayoverError('REQUEST_INVALID', { message: 'The request names no repository.' });
  return { organizationUid: key.organizationUid, originVersion: key.originVersion, repository: key.repository };
}
