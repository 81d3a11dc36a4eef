import { type ASTNode, type GraphQLError, Kind, visit } from 'graphql';

/** Fields whose values are never printed. */
const SECRET_FIELDS: ReadonlySet<string | number> = new Set(['upstreamPassword']);

/** What graphql-js gives beside a node: its parent, and everything above that. */
export type Ancestors = readonly (ASTNode | readonly ASTNode[] | undefined)[];

/** The names of the argument and input fields around a value, outermost first. */
export function argumentPath(ancestors: Ancestors): readonly string[] {
  return ancestors.flatMap((node) =>
    node !== undefined && 'kind' in node && (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD)
      ? [node.name.value]
      : [],
  );
}

/** The field that an object lacks, or should not have, where a message of graphql-js says so: it is told at the object. */
export function fieldInMessage(message: string): readonly string[] {
  const match = /^Field "(?:\w+\.)?(\w+)" (?:of required type|is not defined)/.exec(message);
  return match === null ? [] : [match[1]!];
}

/** A path as users read it: `input.proxyCache.allowRepositories[2]`. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

/** A message about the value at a path; without the value where that is a secret. */
export function hideSecrets(path: readonly (string | number)[], message: string): string {
  return path.some((part) => SECRET_FIELDS.has(part)) ? 'the value is not of the right type' : message;
}

/** The path of the argument value that a validation error is about; undefined when it is about something else. */
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
  // A field that should not be there is the node itself; one that is missing is not in the document.
  const extra = fieldInMessage(error.message);
  return extra[0] === found.at(-1) ? found : [...found, ...extra];
}
