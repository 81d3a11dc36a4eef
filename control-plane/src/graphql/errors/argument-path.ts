import { type ASTNode, type GraphQLError, Kind, visit } from 'graphql';

/** Fields whose values are never shown. */
const SECRET_FIELDS: ReadonlySet<string | number> = new Set(['upstreamPassword']);

/** The ancestors of a node as graphql-js passes them: its parent and everything above it. */
export type Ancestors = readonly (ASTNode | readonly ASTNode[] | undefined)[];

/** Returns the names of the argument and the input fields around a value, outermost first. */
export function argumentPath(ancestors: Ancestors): readonly string[] {
  return ancestors.flatMap((node) =>
    node !== undefined && 'kind' in node && (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD)
      ? [node.name.value]
      : [],
  );
}

/**
 * Returns the field that is missing in an object, or must not be in it. graphql-js reports such
 * errors at the object and names the field only in the message.
 */
export function fieldInMessage(message: string): readonly string[] {
  const match = /^Field "(?:\w+\.)?(\w+)" (?:of required type|is not defined)/.exec(message);
  return match === null ? [] : [match[1]!];
}

/** Formats a path for users: `input.proxyCache.allowRepositories[2]`. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

/** Returns a message about the value at a path, without the value if it is a secret. */
export function hideSecrets(path: readonly (string | number)[], message: string): string {
  return path.some((part) => SECRET_FIELDS.has(part)) ? 'the value has the wrong type' : message;
}

/**
 * Returns the path of the argument value that a validation error is about, or undefined if it is
 * about something else.
 */
export function pathOfValidationError(
  error: GraphQLError,
  document: ASTNode | undefined,
): readonly string[] | undefined {
  const at = error.nodes?.[0];
  if (document === undefined || at === undefined) return undefined;
  let found: readonly string[] | undefined;
  visit(document, {
    enter(node, _key, parent, _path, ancestors) {
      if (node.kind !== at.kind || node.loc?.start !== at.loc?.start || node.loc?.end !== at.loc?.end) return;
      found = argumentPath([...ancestors, parent, node]);
    },
  });
  if (found === undefined || found.length === 0) return undefined;
  // An error about a field that must not be there names the field's node; one about a missing field
  // names the object.
  const extra = fieldInMessage(error.message);
  return extra[0] === found.at(-1) ? found : [...found, ...extra];
}
