import 'reflect-metadata';
import * as fc from 'fast-check';
import {
  type DocumentNode,
  buildSchema,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { checkVariables } from '../../../control-plane/src/graphql/errors/check-variables';
import { measureQuery } from '../../../control-plane/src/graphql/limits/measure-query';
import { QUERY_LIMITS } from '../../../control-plane/src/graphql/limits/query-limits';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensure, ensureSame } from './support';

/** Fields up to which the size is counted a second time, without any short cut. */
const MAX_COUNTED = 2000;
const WORDS = [
  ...['query Q', 'mutation M', '{', '}', '(', ')', 'fragment F on Query', '...F', '...on Query', '__typename', 'x: '],
  ...['organizations', 'organization', 'repositories', 'edges', 'node', 'name', 'viewer', 'first: 100', 'first: $n'],
  ...['($n: Int)', '($n: Int!)', '$n', '"text"', '[', ']', '@skip(if: true)', '@include(if: $n)', '__schema', '#'],
];

/**
 * Creates the target for the text of a GraphQL query. It is refused with a GraphQLError, or
 * measured: depth and number of aliases are what is found by expanding all fragments, and the cost
 * is a number.
 */
export function graphqlLimitsTarget(): FuzzTarget {
  let schema: GraphQLSchema | undefined;
  return {
    name: 'graphql-limits',
    sources: ['control-plane/src/graphql/limits', 'control-plane/src/graphql/errors', 'node_modules/graphql/language'],
    // More than all tokens that a query may have, in this language of short words.
    maxBytes: 16 * 1024,
    words: WORDS,
    inputs: fc
      .array(fc.constantFrom(...WORDS), { maxLength: 20 })
      .map((parts) => `{ organizations { ${parts.join(' ')} } }`),
    run(input) {
      schema ??= buildSchema(readFileSync(join(packageRoot(), 'schema', 'schema.graphql'), 'utf8'));
      try {
        const document = parse(input.toString('utf8'), { maxTokens: QUERY_LIMITS.tokens });
        if (validate(schema, document).length > 0) return;
        for (const operation of document.definitions) {
          if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
          const { depth, aliases, cost } = measureQuery(schema, document, operation, {});
          ensure(Number.isFinite(cost) && cost >= 0, `The cost is ${cost}`);
          const counted = expand(document, operation.selectionSet, { fields: 0 });
          if (counted !== undefined) ensureSame({ depth, aliases }, counted, 'The size differs from the expansion');
          checkVariables(schema, document, operation, {});
        }
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error;
      }
    },
  };
}

/** Counts depth and aliases field by field; undefined if there are too many fields. */
function expand(
  document: DocumentNode,
  { selections }: SelectionSetNode,
  budget: { fields: number },
): { readonly depth: number; readonly aliases: number } | undefined {
  let depth = 0;
  let aliases = 0;
  for (const selection of selections) {
    budget.fields += 1;
    if (budget.fields > MAX_COUNTED) return undefined;
    const isField = selection.kind === Kind.FIELD;
    const fragment = document.definitions.find(
      (definition) =>
        selection.kind === Kind.FRAGMENT_SPREAD &&
        definition.kind === Kind.FRAGMENT_DEFINITION &&
        definition.name.value === selection.name.value,
    );
    const set =
      fragment?.kind === Kind.FRAGMENT_DEFINITION
        ? fragment.selectionSet
        : selection.kind === Kind.FRAGMENT_SPREAD || (isField && selection.name.value.startsWith('__'))
          ? undefined
          : selection.selectionSet;
    const below = set === undefined ? { depth: 0, aliases: 0 } : expand(document, set, budget);
    if (below === undefined) return undefined;
    depth = Math.max(depth, below.depth + (isField ? 1 : 0));
    aliases += below.aliases + (isField && selection.alias !== undefined ? 1 : 0);
  }
  return { depth, aliases };
}
