import { parseDigest } from '../../../../common/oci/digest';
import { parseRepositoryName } from '../../../../common/oci/reference';
import type { ContentUse__Output } from '../../../../proto/gen/layover/v1/ContentUse';
import type { ContentUse } from './content-use';

/**
 * Converts a reported use. Returns an empty list if its digest, repository or organization is
 * invalid.
 */
export function readContentUse(use: ContentUse__Output): ContentUse[] {
  const digest = parseDigest(use.digest);
  if (digest === undefined || parseRepositoryName(use.repository) === undefined || use.organizationUid.length > 36)
    return [];
  const startedAt = Number.isSafeInteger(use.startedAt) && use.startedAt > 0 ? use.startedAt : 0;
  return [{ organizationUid: use.organizationUid, repository: use.repository, digest, startedAt }];
}
