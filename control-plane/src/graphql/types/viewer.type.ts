import { Field, ObjectType } from 'type-graphql';
import { Role } from './enums';

/** The GraphQL type of the token that sent a request. */
@ObjectType('Viewer', { description: 'The token that sent the request, with its role.' })
export class ViewerType {
  @Field(() => String, { description: 'The name of the token; `admin` for the first token.' })
  name!: string;

  @Field(() => Role)
  role!: Role;

  @Field(() => String, { nullable: true, description: 'The organization that the token is bound to; null for ADMIN.' })
  organization!: string | null;
}
