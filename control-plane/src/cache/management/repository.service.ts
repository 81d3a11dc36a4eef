import type { RepositoryRow } from '../../../../schema/tables';
import type { Database } from '../../db/database';
import type { OrganizationStore } from '../../tenancy/organizations/organization.store';
import type { RepositoryStore } from '../content/repository.store';

/** Finds repositories by organization name and repository name. */
export class RepositoryService {
  constructor(
    private readonly database: Database,
    private readonly organizations: OrganizationStore,
    private readonly repositories: RepositoryStore,
  ) {}

  /**
   * Returns the repository of an organization under its present upstream, or undefined if either
   * does not exist.
   */
  async find(organization: string, repository: string): Promise<RepositoryRow | undefined> {
    const { reader } = this.database;
    const owner = await this.organizations.findByName(reader, organization);
    return owner && this.repositories.findByName(reader, owner.uid, repository);
  }
}
