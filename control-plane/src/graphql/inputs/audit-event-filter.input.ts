import { Field, InputType } from 'type-graphql';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { DigestScalar } from '../scalars/digest.scalar';
import { AuditKind } from '../types/enums';
import { CacheStatus } from '../types/enums';

/** Which events are wanted. */
@InputType('AuditEventFilter', {
  description: 'All conditions must hold; what is left out, null or an empty list does not narrow.',
})
export class AuditEventFilterInput {
  @Field(() => String, { nullable: true, description: 'Its name, as it was then.' })
  organization?: string | null;

  @Field(() => String, { nullable: true, description: 'Its whole canonical name.' })
  repository?: string | null;

  @Field(() => String, { nullable: true, description: 'The tag or digest as it was asked for.' })
  reference?: string | null;

  @Field(() => DigestScalar, { nullable: true, description: 'What was given, or what it is about.' })
  digest?: string | null;

  @Field(() => [AuditKind], { nullable: true, description: 'Any of these.' })
  kinds?: AuditKind[] | null;

  @Field(() => [CacheStatus], { nullable: true, description: 'Any of these.' })
  cacheStatuses?: CacheStatus[] | null;

  @Field(() => String, { nullable: true, description: 'As in AuditEvent.actor.' })
  actor?: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'At or after.' })
  since?: number | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Before.' })
  until?: number | null;
}
