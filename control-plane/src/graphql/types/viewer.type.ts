import { Field, ObjectType } from 'type-graphql';
import { Role } from './enums';

/** The token behind a request, as GraphQL shows it. */
@ObjectType('Viewer', { description: 'Who the token of this request is, and what it may do.' })
export class ViewerType {
  @Field(() => String, { description: 'Name of the token; `admin` for the first one.' })
  name!: string;

  @Field(() => Role)
  role!: Role;

  @Field(() => String, { nullable: true, description: 'The organization it is bound to; null for ADMIN.' })
  organization!: string | null;
}
