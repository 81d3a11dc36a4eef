import {
  coerceInputValue,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableNode,
  visit,
} from 'graphql';
import { API_ERROR_CODES } from '../../errors/api-error-codes';
import { argumentPath, fieldInMessage, formatPath, hideSecrets } from './argument-path';

/**
 * Checks the variables of a request against their types before graphql-js does. Errors of
 * graphql-js print the whole object that contains an invalid field, including a password next to
 * it. These errors name the field and print only its value. Throws BAD_USER_INPUT with the path of
 * the first invalid value.
 */
export function checkVariables(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): void {
  const places = variablePlaces(document);
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    if (!isInputType(type)) continue;
    const place = places.get(name) ?? [name];
    if (!Object.hasOwn(variables, name)) {
      if (definition.type.kind === Kind.NON_NULL_TYPE && definition.defaultValue === undefined)
        throw badValue(place, 'is required');
      continue;
    }
    coerceInputValue(variables[name], type, (path, _value, error) => {
      throw badValue([...place, ...path, ...fieldInMessage(error.message)], error.message);
    });
  }
}

function badValue(path: readonly (string | number)[], message: string): GraphQLError {
  const field = formatPath(path);
  return new GraphQLError(`${field}: ${hideSecrets(path, message)}`, {
    extensions: { code: 'BAD_USER_INPUT', field, http: { status: API_ERROR_CODES.BAD_USER_INPUT.http } },
  });
}

/**
 * Returns the path at which each variable is first used: `$i` in `createOrganization(input: $i)` is
 * at `input`.
 */
function variablePlaces(document: DocumentNode): ReadonlyMap<string, readonly (string | number)[]> {
  const places = new Map<string, readonly (string | number)[]>();
  visit(document, {
    Variable(node: VariableNode, _key, parent, _path, ancestors) {
      const path = argumentPath([...ancestors, parent]);
      if (path.length > 0 && !places.has(node.name.value)) places.set(node.name.value, path);
    },
  });
  return places;
}
