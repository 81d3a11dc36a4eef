import { type GraphQLResolveInfo, Kind } from 'graphql';

/**
 * Returns whether the query selects this field directly below the field that is being resolved.
 * Selections in fragments are not looked at, so false does not mean that the field is not needed:
 * use it only to start a read early.
 */
export function isSelected(info: Pick<GraphQLResolveInfo, 'fieldNodes'>, field: string): boolean {
  return info.fieldNodes.some(({ selectionSet }) =>
    selectionSet?.selections.some((selection) => selection.kind === Kind.FIELD && selection.name.value === field),
  );
}
