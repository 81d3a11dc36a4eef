import { type FieldNode, Kind, parse } from 'graphql';
import { isSelected } from '../../../../../control-plane/src/graphql/request/is-selected';

/** Returns the first field of a query. */
function fieldOf(query: string): FieldNode {
  const [operation] = parse(query).definitions;
  const [field] = operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet.selections : [];
  if (field?.kind !== Kind.FIELD) throw new Error('The query has no field');
  return field;
}

test.each([
  ['{ manifest { digest scan { state } } }', true],
  ['{ manifest { renamed: scan { state } } }', true],
  ['{ manifest { scan: digest } }', false],
  ['{ manifest { config { scan } } }', false],
  ['{ manifest }', false],
])('a field is selected directly below another one: %s', (query, expected) => {
  expect(isSelected({ fieldNodes: [fieldOf(query)] }, 'scan')).toBe(expected);
});

test('a field that is resolved once for several selections is looked at in all of them', () => {
  const fieldNodes = ['{ manifest { digest } }', '{ manifest { scan } }'].map(fieldOf);
  expect(isSelected({ fieldNodes }, 'scan')).toBe(true);
});
