import { Field, InputType, Int } from 'type-graphql';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { OversizePolicy } from '../types/enums';

/** A limit to be set. */
@InputType('QuotaInput', { description: 'What is left out, or null, has its default.' })
export class QuotaInput {
  @Field(() => ByteSizeScalar, { description: '1 to 2^63-1 bytes.' })
  limitBytes!: bigint;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'Whether content is evicted to make room, least recently pulled first.',
  })
  autoPrune?: boolean | null;

  @Field(() => OversizePolicy, {
    nullable: true,
    defaultValue: OversizePolicy.PASS_THROUGH,
    description: 'What becomes of an image that does not fit.',
  })
  onOversize?: OversizePolicy | null;

  @Field(() => Int, { nullable: true, description: 'Per cent of limitBytes, 1 to 100; null = no warning.' })
  warningPercent?: number | null;
}
