import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../request/context';
import { readPageRequest, toConnection } from '../types/pagination';
import type { Database } from '../../db/database';
import { AuditEventFilterInput } from '../inputs/audit-event-filter.input';
import { AuditEventConnection, toAuditEventType } from '../types/audit-event.type';
import { auditEventKey, type AuditStore } from '../../audit/audit.store';
import { visibleEvents } from '../access/visible-events';

/** Resolves the audit log. */
@Resolver()
export class AuditResolver {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditStore,
  ) {}

  @Query(() => AuditEventConnection, {
    description:
      'The audit log, newest events first. Events that arrive later do not shift the pages. ' +
      '`first` is 1 to 200. A token bound to an organization only sees events of that ' +
      'organization. Errors: BAD_USER_INPUT, FORBIDDEN.',
  })
  async auditEvents(
    @Ctx() context: GraphqlContext,
    @Arg('filter', () => AuditEventFilterInput, { nullable: true }) filter: AuditEventFilterInput | null | undefined,
    @Arg('first', () => Int, { nullable: true, defaultValue: 50 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
  ): Promise<AuditEventConnection> {
    const request = readPageRequest(first, after, ['number', 'string']);
    const wanted = visibleEvents(context.viewer, filter ?? {}, 'filter.organization');
    const page = await this.audit.page(this.database.reader, wanted, request);
    return toConnection(page, auditEventKey, toAuditEventType);
  }
}
