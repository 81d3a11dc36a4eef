import { Field, ID, InterfaceType } from 'type-graphql';

/** The interface of all objects with an id. */
@InterfaceType('Node', { description: 'An object that can be requested by its id.' })
export abstract class NodeType {
  @Field(() => ID, { description: 'Opaque. It does not change while the object exists.' })
  id!: string;
}
