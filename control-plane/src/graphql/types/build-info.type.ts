import { Field, ObjectType } from 'type-graphql';

/** The build that answers, as GraphQL shows it. */
@ObjectType('BuildInfo', { description: 'Which build of Layover answers this request.' })
export class BuildInfoType {
  @Field(() => String, { description: 'Version of Layover, for example `0.1.0`.' })
  version!: string;

  @Field(() => String, {
    description:
      'Git commit of the build: 40 hex digits, `-dirty` after them if the build had local changes, or `unknown`.',
  })
  commit!: string;
}
