import type { ApolloServerPlugin } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { API_ERROR_CODES } from '../errors/api-error-codes';
import type { GraphqlContext } from './request/context';
import { checkVariables } from './errors/check-variables';
import { measureQuery } from './limits/measure-query';
import { QUERY_LIMITS } from './limits/query-limits';

/** Refuses a query that is too large, or that has invalid variables, before it runs. */
export const limitsPlugin: ApolloServerPlugin<GraphqlContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation({ request, schema, document, operation }) {
        if (operation === undefined) return Promise.resolve();
        const variables = request.variables ?? {};
        const size = measureQuery(schema, document, operation, variables);
        for (const measure of ['depth', 'aliases', 'cost'] as const) {
          if (size[measure] > QUERY_LIMITS[measure])
            throw new GraphQLError(
              `The query's ${measure === 'aliases' ? 'number of aliases' : measure} is ${size[measure]}; the limit is ${QUERY_LIMITS[measure]}.`,
              {
                extensions: { code: 'LIMIT_EXCEEDED', http: { status: API_ERROR_CODES.LIMIT_EXCEEDED.http } },
              },
            );
        }
        checkVariables(schema, document, operation, variables);
        return Promise.resolve();
      },
    }),
};
