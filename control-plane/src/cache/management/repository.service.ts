import type { RepositoryRow } from '../../../../schema/tables';
import type { Database } from '../../db/database';
import type { OrganizationStore } from '../../tenancy/organizations/organization.store';
import type { RepositoryStore } from '../content/repository.store';

/** Finds repositories by the names that people use. */
export class RepositoryService {
  constructor(
    private readonly database: Database,
    private readonly organizations: OrganizationStore,
    private readonly repositories: RepositoryStore,
  ) {}

  /** The repository of an organization, under its present upstream; undefined when either is not there. */
  async find(organization: string, repository: string): Promise<RepositoryRow | undefined> {
    const { reader } = this.database;
    const owner = await this.organizations.findByName(reader, organization);
    return owner && this.repositories.findByName(reader, owner.uid, repository);
  }
}
