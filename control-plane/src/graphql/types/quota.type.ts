import { Field, Int, ObjectType } from 'type-graphql';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { OversizePolicy } from './enums';
import type { Quota } from '../../tenancy/organizations/organization';

/** A limit, as GraphQL shows it. */
@ObjectType('Quota', { description: 'A limit on what an organization keeps.' })
export class QuotaType {
  @Field(() => ByteSizeScalar)
  limitBytes!: bigint;

  @Field(() => Boolean, { description: 'Whether content is evicted to make room, least recently pulled first.' })
  autoPrune!: boolean;

  @Field(() => OversizePolicy)
  onOversize!: OversizePolicy;

  @Field(() => Int, {
    nullable: true,
    description: 'An audit event is written when usage passes this share of the limit.',
  })
  warningPercent!: number | null;
}

/** The quota of an organization. */
export function toQuotaType(quota: Quota): QuotaType {
  return Object.assign(new QuotaType(), { ...quota, warningPercent: quota.warningPercent ?? null });
}
