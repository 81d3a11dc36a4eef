import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import { ApiError } from '../errors/api-error';
import type { RequestContext } from '../graphql/context';
import { readPageRequest, toConnection } from '../graphql/pagination';
import type { Database } from '../db/database';
import { AuditEventFilterInput } from './audit-event-filter.input';
import { AuditEventConnection, toAuditEventType } from './audit-event.type';
import { auditEventKey, type AuditFilter, type AuditStore } from './audit.store';

/** The audit log in GraphQL. */
@Resolver()
export class AuditResolver {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditStore,
  ) {}

  @Query(() => AuditEventConnection, {
    description:
      'What happened, newest first; pages stay as they are while events arrive. `first` is 1 to 200. A token bound to an organization sees that organization only. Errors: BAD_USER_INPUT, FORBIDDEN.',
  })
  async auditEvents(
    @Ctx() context: RequestContext,
    @Arg('filter', () => AuditEventFilterInput, { nullable: true }) filter: AuditEventFilterInput | null | undefined,
    @Arg('first', () => Int, { nullable: true, defaultValue: 50 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
  ): Promise<AuditEventConnection> {
    const request = readPageRequest(first, after, ['number', 'string']);
    const scope = context.viewer.organization;
    if (scope !== undefined && filter?.organization && filter.organization !== scope.name)
      throw new ApiError('FORBIDDEN', `Your token is bound to the organization ${scope.name}.`, 'filter.organization');
    const wanted = toFilter(filter ?? {});
    const page = await this.audit.page(
      this.database.reader,
      scope === undefined ? wanted : { ...wanted, organization: scope.name, organizationUid: scope.uid },
      request,
    );
    return toConnection(page, auditEventKey, toAuditEventType);
  }
}

function toFilter(input: AuditEventFilterInput): AuditFilter {
  const filter: { -readonly [K in keyof AuditFilter]: AuditFilter[K] } = {};
  for (const field of ['organization', 'repository', 'reference', 'digest', 'actor'] as const)
    if (input[field]) filter[field] = input[field];
  for (const field of ['since', 'until'] as const) if (typeof input[field] === 'number') filter[field] = input[field];
  if (input.kinds?.length) filter.kinds = input.kinds;
  if (input.cacheStatuses?.length) filter.cacheStatuses = input.cacheStatuses;
  return filter;
}
