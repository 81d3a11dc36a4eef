/** The key under which the cached content of a repository is stored. A new upstream means a new `originVersion`. */
export interface RepositoryKey {
  readonly organizationUid: string;
  readonly originVersion: string;
  /** The canonical name: with `library/` where Docker Hub implies it, and without the namespace of the organization. */
  readonly repository: string;
}
