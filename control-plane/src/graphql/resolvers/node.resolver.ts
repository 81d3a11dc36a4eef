import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import type { Clock } from '../../../../common/runtime/clock';
import { toAuditEventType } from '../types/audit-event.type';
import type { AuditStore } from '../../audit/audit.store';
import type { Database } from '../../db/database';
import { toManifestType } from '../types/manifest.type';
import { toOrganizationType } from '../types/organization.type';
import { toRepositoryType } from '../types/repository.type';
import { toTagType } from '../types/tag.type';
import type { TagStore } from '../../cache/content/tag.store';
import type { GraphqlContext } from '../request/context';
import { fromGlobalId } from '../types/global-id';
import { NodeType } from '../types/node.type';

/** Resolves any object by its id. */
@Resolver()
export class NodeResolver {
  constructor(
    private readonly database: Database,
    private readonly tags: TagStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Query(() => NodeType, {
    nullable: true,
    description:
      'The object with this id, or null if the id is unknown, the object was removed, or the token may not see it.',
  })
  async node(@Ctx() context: GraphqlContext, @Arg('id', () => ID) id: string): Promise<NodeType | null> {
    const found = await this.find(id, context);
    const scope = context.viewer.organization;
    if (found === undefined || (scope !== undefined && found.organizationUid !== scope.uid)) return null;
    return found.node;
  }

  private async find(
    id: string,
    { loaders }: GraphqlContext,
  ): Promise<{ readonly organizationUid: string | null; readonly node: NodeType } | undefined> {
    const parsed = fromGlobalId(id);
    if (parsed === undefined) return undefined;
    const { kind, key } = parsed;
    if (kind === 'Organization') {
      const organization = await loaders.organization.load(key);
      return organization && { organizationUid: organization.uid, node: toOrganizationType(organization) };
    }
    if (kind === 'AuditEvent') {
      const event = await this.audit.find(this.database.reader, key);
      return event && { organizationUid: event.organization_uid, node: toAuditEventType(event) };
    }
    // The keys of the other kinds are integers.
    const number = /^\d{1,15}$/.test(key) ? Number(key) : undefined;
    if (number === undefined) return undefined;
    if (kind === 'Repository') return this.inRepository(number, loaders, (row) => toRepositoryType(row));
    if (kind === 'Manifest') {
      const manifest = await loaders.manifest.load(number);
      return manifest && this.inRepository(manifest.repository_id, loaders, () => toManifestType(manifest));
    }
    if (kind === 'Tag') {
      const tag = await this.tags.findById(this.database.reader, number);
      return tag && this.inRepository(tag.repository_id, loaders, () => toTagType(tag, this.clock.now()));
    }
    return undefined;
  }

  private async inRepository(
    id: number,
    loaders: GraphqlContext['loaders'],
    toNode: (row: Parameters<typeof toRepositoryType>[0]) => NodeType,
  ): Promise<{ readonly organizationUid: string; readonly node: NodeType } | undefined> {
    const repository = await loaders.repository.load(id);
    return repository && { organizationUid: repository.organization_uid, node: toNode(repository) };
  }
}
