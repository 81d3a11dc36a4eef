import type { RegistryProfile } from './profile';

/** The operations that the museum does with every registry, in the order of the tables. */
export const OPERATIONS = {
  cold: 'pulls an image that is not cached: manifest by tag, config and layers',
  warm: 'pulls it again from the cache, with one question to the upstream',
  head: 'answers HEAD of a manifest and of blobs, cached or not',
  moved: 'serves the new image after the upstream moved the tag',
  index: 'pulls an image of an index for a platform',
  tags: 'lists all tags, over several pages and at once',
  referrers: 'lists the referrers of an image, and none of an image without',
  'pass-through': 'serves an image that is too large for the quota, without keeping it',
  limit: 'passes a limit on manifests on, serves what is cached, and recovers',
  'limit-scope': 'asks for everything that a limit does not concern',
  expired: 'gets a new token when the old one has ended',
  revoked: 'gets a new token when the upstream refuses the old one before its end',
  private: 'pulls a private image with an account, and refuses it without one',
  missing: 'says that a repository or a tag does not exist, or is not readable',
  outage: 'serves cached images while the upstream is away, and fails clearly for others',
} as const;

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** The names of all operations. */
export const OPERATION_NAMES = Object.keys(OPERATIONS) as readonly OperationName[];

/** Returns whether an operation exists for a registry. */
export function isApplicable(operation: OperationName, { authentication }: RegistryProfile): boolean {
  switch (operation) {
    case 'expired':
    case 'revoked':
      return authentication.kind === 'bearer';
    case 'private':
      return authentication.account !== undefined;
    default:
      return true;
  }
}
