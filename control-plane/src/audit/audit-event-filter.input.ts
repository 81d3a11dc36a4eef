import { Field, InputType } from 'type-graphql';
import { DateTimeScalar } from '../graphql/scalars/date-time.scalar';
import { DigestScalar } from '../graphql/scalars/digest.scalar';
import { AuditKind } from './audit-kind';
import { CacheStatus } from './cache-status';

/** Which events are wanted. */
@InputType('AuditEventFilter', {
  description: 'All conditions must hold; what is left out, null or an empty list does not narrow.',
})
export class AuditEventFilterInput {
  @Field(() => String, { nullable: true })
  organization?: string | null;

  @Field(() => String, { nullable: true })
  repository?: string | null;

  @Field(() => String, { nullable: true, description: 'The tag or digest as it was asked for.' })
  reference?: string | null;

  @Field(() => DigestScalar, { nullable: true })
  digest?: string | null;

  @Field(() => [AuditKind], { nullable: true })
  kinds?: AuditKind[] | null;

  @Field(() => [CacheStatus], { nullable: true })
  cacheStatuses?: CacheStatus[] | null;

  @Field(() => String, { nullable: true })
  actor?: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'At or after.' })
  since?: number | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Before.' })
  until?: number | null;
}
