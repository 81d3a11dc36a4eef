import { Field, InputType } from 'type-graphql';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { DigestScalar } from '../scalars/digest.scalar';
import { AuditKind } from '../types/enums';
import { AuditCacheStatus } from '../types/enums';

/** The filter of auditEvents. */
@InputType('AuditEventFilter', {
  description:
    'Events must match all conditions. A field that is omitted, null or an empty list does not narrow the result.',
})
export class AuditEventFilterInput {
  @Field(() => String, { nullable: true, description: 'The name of the organization at the time of the event.' })
  organization?: string | null;

  @Field(() => String, { nullable: true, description: 'The full canonical name of the repository.' })
  repository?: string | null;

  @Field(() => String, { nullable: true, description: 'The tag or digest as requested.' })
  reference?: string | null;

  @Field(() => DigestScalar, { nullable: true, description: 'The digest that was served, or that the event is about.' })
  digest?: string | null;

  @Field(() => [AuditKind], { nullable: true, description: 'Any of these kinds.' })
  kinds?: AuditKind[] | null;

  @Field(() => [AuditCacheStatus], { nullable: true, description: 'Any of these cache statuses.' })
  cacheStatuses?: AuditCacheStatus[] | null;

  @Field(() => String, { nullable: true, description: 'An actor as in AuditEvent.actor.' })
  actor?: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'At or after this time.' })
  since?: number | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Before this time.' })
  until?: number | null;
}
