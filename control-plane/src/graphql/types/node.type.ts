import { Field, ID, InterfaceType } from 'type-graphql';

/** Anything that has an id of its own. */
@InterfaceType('Node', { description: 'Anything that can be asked for again by its id.' })
export abstract class NodeType {
  @Field(() => ID, { description: 'Opaque; stays the same for as long as the object exists.' })
  id!: string;
}
