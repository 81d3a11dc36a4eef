import { ApolloServer, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { type GraphQLSchema, NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Logger } from '../../../common/runtime/logger';
import { ApiError } from '../errors/api-error';
import type { RequestContext } from './request/context';
import { errorFormatter } from './errors/format-error';
import { limitsPlugin } from './limits.plugin';
import { QUERY_LIMITS } from './limits/query-limits';

/** A GraphQL request as HTTP brought it. */
export interface GraphqlRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** With its question mark, or empty. */
  readonly search: string;
  /** Parsed JSON, or undefined. */
  readonly body: unknown;
}

/** What HTTP answers. */
export interface GraphqlResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Executes GraphQL requests. The one file that knows Apollo Server. */
export class GraphqlEndpoint {
  private readonly apollo: ApolloServer<RequestContext>;

  /** Without `introspection` the schema cannot be asked for, and errors don't hint at names that are in it. */
  constructor(schema: GraphQLSchema, log: Logger, { introspection }: { readonly introspection: boolean }) {
    this.apollo = new ApolloServer<RequestContext>({
      schema,
      // By the rule below instead: Apollo's own message speaks of Apollo.
      introspection: true,
      validationRules: introspection ? [] : [NoSchemaIntrospectionCustomRule],
      csrfPrevention: true,
      allowBatchedHttpRequests: false,
      persistedQueries: false,
      parseOptions: { maxTokens: QUERY_LIMITS.tokens },
      includeStacktraceInErrorResponses: false,
      hideSchemaDetailsFromClientErrors: !introspection,
      stopOnTerminationSignals: false,
      // Apollo looks at the environment where these are not given.
      nodeEnv: 'production',
      apollo: {},
      logger: {
        debug: (message?: unknown) => log.debug({ apollo: String(message) }, 'apollo'),
        info: (message?: unknown) => log.debug({ apollo: String(message) }, 'apollo'),
        warn: (message?: unknown) => log.warn({ apollo: String(message) }, 'apollo'),
        error: (message?: unknown) => log.error({ apollo: String(message) }, 'apollo'),
      },
      formatError: errorFormatter(log),
      plugins: [
        limitsPlugin,
        ApolloServerPluginCacheControlDisabled(),
        ApolloServerPluginInlineTraceDisabled(),
        ApolloServerPluginLandingPageDisabled(),
        ApolloServerPluginSchemaReportingDisabled(),
        ApolloServerPluginUsageReportingDisabled(),
      ],
    });
  }

  /** Must have resolved before the first request. */
  start(): Promise<void> {
    return this.apollo.start();
  }

  /** After the last request. */
  stop(): Promise<void> {
    return this.apollo.stop();
  }

  /** Executes one request. Throws LIMIT_EXCEEDED for a batch, and nothing else that a caller can cause. */
  async execute(request: GraphqlRequest, context: RequestContext): Promise<GraphqlResponse> {
    if (Array.isArray(request.body))
      throw new ApiError(
        'LIMIT_EXCEEDED',
        `The request is a batch of ${request.body.length}; the limit is ${QUERY_LIMITS.operations} operation, outside of an array.`,
      );
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers))
      if (value !== undefined) headers.set(name, typeof value === 'string' ? value : value.join(', '));
    const response = await this.apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method, headers, search: request.search, body: request.body },
      context: () => Promise.resolve(context),
    });
    // Incremental delivery is not in the schema, so every answer is whole.
    const body = response.body.kind === 'complete' ? response.body.string : '';
    return { status: response.status ?? 200, headers: response.headers, body };
  }
}
