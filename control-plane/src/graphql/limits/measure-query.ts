import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLField,
  type GraphQLSchema,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { MAX_PAGE } from '../types/pagination';
import { LIST_COST } from './query-limits';

/** The size of a query. */
export interface QuerySize {
  readonly depth: number;
  readonly aliases: number;
  readonly cost: number;
}

const EMPTY: QuerySize = { depth: 0, aliases: 0, cost: 0 };

/**
 * Measures a valid operation: its depth, its number of aliases, and the number of fields that its
 * answer can have (docs/graphql-limits.md). Each fragment is measured once, so the work depends on
 * the length of the text and not on its expansion.
 */
export function measureQuery(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): QuerySize {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const measured = new Map<string, QuerySize>();

  const selectionSize = (selections: SelectionSetNode | undefined, typeName: string): QuerySize => {
    let size = EMPTY;
    for (const selection of selections?.selections ?? []) {
      if (selection.kind === Kind.FIELD) size = combine(size, fieldSize(selection, typeName));
      else if (selection.kind === Kind.INLINE_FRAGMENT)
        size = combine(size, selectionSize(selection.selectionSet, selection.typeCondition?.name.value ?? typeName));
      else size = combine(size, fragmentSize(selection.name.value));
    }
    return size;
  };

  const fragmentSize = (name: string): QuerySize => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name);
    const size =
      fragment === undefined ? EMPTY : selectionSize(fragment.selectionSet, fragment.typeCondition.name.value);
    measured.set(name, size);
    return size;
  };

  const fieldSize = (node: FieldNode, typeName: string): QuerySize => {
    const aliases = node.alias === undefined ? 0 : 1;
    if (node.name.value.startsWith('__')) return { depth: 1, aliases, cost: 0 };
    const field = fieldOf(schema, typeName, node.name.value);
    const below = field === undefined ? EMPTY : selectionSize(node.selectionSet, getNamedType(field.type).name);
    return {
      depth: 1 + below.depth,
      aliases: aliases + below.aliases,
      cost: Math.min(1 + itemsOf(node, field, variables) * below.cost, Number.MAX_SAFE_INTEGER),
    };
  };

  const root = schema.getRootType(operation.operation);
  return root ? selectionSize(operation.selectionSet, root.name) : EMPTY;
}

function combine(a: QuerySize, b: QuerySize): QuerySize {
  return { depth: Math.max(a.depth, b.depth), aliases: a.aliases + b.aliases, cost: a.cost + b.cost };
}

function fieldOf(schema: GraphQLSchema, typeName: string, name: string): GraphQLField<unknown, unknown> | undefined {
  const type = schema.getType(typeName);
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}

/**
 * Returns how often the fields below a field count: the `first` of a page, an assumed length for
 * other lists, or once.
 */
function itemsOf(
  node: FieldNode,
  field: GraphQLField<unknown, unknown> | undefined,
  variables: Readonly<Record<string, unknown>>,
): number {
  const argument = field?.args.find(({ name }) => name === 'first');
  // The edges of a page are counted with the page.
  if (argument === undefined)
    return field !== undefined && field.name !== 'edges' && isListType(getNullableType(field.type)) ? LIST_COST : 1;
  const given = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  let size: unknown = argument.defaultValue;
  if (given?.kind === Kind.INT) size = Number(given.value);
  if (given?.kind === Kind.VARIABLE) size = variables[given.name.value] ?? MAX_PAGE;
  return typeof size === 'number' && size >= 1 ? Math.min(size, MAX_PAGE) : 1;
}
