import type { RepositoryKey__Output } from '../../../proto/gen/layover/v1/RepositoryKey';

/**
 * The key of the cached content of a repository. A change of the upstream gives a new
 * `originVersion`. `repository` is the canonical name: with the `library/` that Docker Hub implies,
 * and without the namespace of the organization.
 */
export type RepositoryKey = Readonly<RepositoryKey__Output>;
