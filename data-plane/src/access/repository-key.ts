import type { RepositoryKey__Output } from '../../../proto/gen/layover/v1/RepositoryKey';

/**
 * The key under which the cached content of a repository is stored. A new upstream means a new
 * `originVersion`. `repository` is the canonical name: with `library/` where Docker Hub implies it, and
 * without the namespace of the organization.
 */
export type RepositoryKey = Readonly<RepositoryKey__Output>;
