import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';

/** The schema as text, sorted: what schema/schema.graphql holds. */
export function printGraphqlSchema(schema: GraphQLSchema): string {
  return `# Written by npm run generate:schema from the classes in control-plane/src. Don't edit.\n\n${printSchema(lexicographicSortSchema(schema))}\n`;
}
