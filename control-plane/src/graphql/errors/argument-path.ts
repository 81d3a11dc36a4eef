import { type ASTNode, type GraphQLError, Kind, visit } from 'graphql';

/** Fields whose values are never printed. */
const SECRET_FIELDS: ReadonlySet<string | number> = new Set(['upstreamPassword']);

/** The names of the argument and input fields around a value, outermost first. */
export function argumentPath(ancestors: readonly (ASTNode | readonly ASTNode[])[]): readonly string[] {
  return ancestors.flatMap((node) =>
    'kind' in node && (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) ? [node.name.value] : [],
  );
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
    enter(node, _key, _parent, _path, ancestors) {
      if (node.loc?.start !== at.loc?.start || node.loc?.end !== at.loc?.end || node.kind !== at.kind) return undefined;
      const own = node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD ? [node.name.value] : [];
      found = [...argumentPath(ancestors as readonly (ASTNode | readonly ASTNode[])[]), ...own];
      return undefined;
    },
  });
  return found === undefined || found.length === 0 ? undefined : found;
}
