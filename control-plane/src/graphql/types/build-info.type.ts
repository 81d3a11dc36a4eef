import { Field, ObjectType } from 'type-graphql';

/** The GraphQL type of a build. */
@ObjectType('BuildInfo', { description: 'The build of Layover that answers this request.' })
export class BuildInfoType {
  @Field(() => String, { description: 'Version of Layover, for example `0.1.0`.' })
  version!: string;

  @Field(() => String, {
    description:
      'Git commit of the build: 40 hex digits, followed by `-dirty` if the build had local changes, or `unknown`.',
  })
  commit!: string;
}
