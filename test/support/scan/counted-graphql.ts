import 'reflect-metadata';
import { graphql, type GraphQLSchema } from 'graphql';
import type { Clock } from '../../../common/runtime/clock';
import type { Database } from '../../../control-plane/src/db/database';
import { Loaders } from '../../../control-plane/src/graphql/request/loaders';
import { buildGraphqlSchema } from '../../../control-plane/src/graphql/schema';
import { createResolvers, type ResolverParts } from '../../../control-plane/src/resolvers';
import type { Stores } from '../../../control-plane/src/stores';

/** An answer and the number of its statements. */
export interface CountedAnswer<Data> {
  readonly data: Data;
  readonly statements: number;
}

/**
 * Executes GraphQL queries without a server and counts their database statements. Mutations are not
 * supported.
 */
export class CountedGraphql {
  private readonly schema: GraphQLSchema;

  constructor(
    private readonly database: Database,
    private readonly stores: Stores,
    clock: Clock,
  ) {
    const unused = undefined as never;
    const parts: ResolverParts = {
      ...stores,
      stores,
      database,
      clock,
      forced: unused,
      organizationService: unused,
      quotas: unused,
      collector: unused,
      probe: unused,
      pokeScanning: () => undefined,
    };
    this.schema = buildGraphqlSchema(createResolvers(parts));
  }

  /** Executes a query. Throws the first error of the answer. */
  async ask<Data>(source: string, variableValues: Record<string, unknown> = {}): Promise<CountedAnswer<Data>> {
    const { reader } = this.database;
    let statements = 0;
    const count = (): void => void (statements += 1);
    reader.on('query', count);
    try {
      const viewer = { id: 'admin', name: 'admin', role: 'ADMIN', organization: undefined };
      const contextValue = { viewer, loaders: new Loaders(reader, this.stores) };
      const { data, errors } = await graphql({ schema: this.schema, source, variableValues, contextValue });
      if (errors?.[0] !== undefined) throw errors[0];
      return { data: data as Data, statements };
    } finally {
      reader.removeListener('query', count);
    }
  }
}
