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
import type { GraphqlContext } from './request/context';
import { errorFormatter } from './errors/format-error';
import { limitsPlugin } from './limits.plugin';
import { QUERY_LIMITS } from './limits/query-limits';

/** A GraphQL request over HTTP. */
export interface GraphqlRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The query string with its question mark, or empty. */
  readonly search: string;
  /** Parsed JSON, or undefined. */
  readonly body: unknown;
}

/** The HTTP answer. */
export interface GraphqlResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Executes GraphQL requests. This is the only file that uses Apollo Server. */
export class GraphqlEndpoint {
  private readonly apollo: ApolloServer<GraphqlContext>;

  /**
   * Without `introspection`, clients cannot request the schema, and errors do not suggest names
   * from it.
   */
  constructor(schema: GraphQLSchema, log: Logger, { introspection }: { readonly introspection: boolean }) {
    this.apollo = new ApolloServer<GraphqlContext>({
      schema,
      // The rule below replaces this option, because Apollo's error message mentions Apollo.
      introspection: true,
      validationRules: introspection ? [] : [NoSchemaIntrospectionCustomRule],
      csrfPrevention: true,
      allowBatchedHttpRequests: false,
      persistedQueries: false,
      parseOptions: { maxTokens: QUERY_LIMITS.tokens },
      includeStacktraceInErrorResponses: false,
      hideSchemaDetailsFromClientErrors: !introspection,
      stopOnTerminationSignals: false,
      // Apollo reads the environment if these are not set.
      nodeEnv: 'production',
      apollo: {},
      logger: {
        debug: (message?: unknown) => log.debug({ apollo: String(message) }, 'Apollo Server reported a message'),
        info: (message?: unknown) => log.debug({ apollo: String(message) }, 'Apollo Server reported a message'),
        warn: (message?: unknown) => log.warn({ apollo: String(message) }, 'Apollo Server reported a message'),
        error: (message?: unknown) => log.error({ apollo: String(message) }, 'Apollo Server reported a message'),
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

  /** Starts Apollo. Must resolve before the first request. */
  start(): Promise<void> {
    return this.apollo.start();
  }

  /** Stops Apollo. Call it after the last request. */
  stop(): Promise<void> {
    return this.apollo.stop();
  }

  /**
   * Executes one request. Throws LIMIT_EXCEEDED for a batch; other errors of the caller are in the
   * answer.
   */
  async execute(request: GraphqlRequest, context: GraphqlContext): Promise<GraphqlResponse> {
    if (Array.isArray(request.body))
      throw new ApiError(
        'LIMIT_EXCEEDED',
        `The request is a batch of ${request.body.length} operations; the limit is ` +
          `${QUERY_LIMITS.operations} operation, not in an array.`,
      );
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers))
      if (value !== undefined) headers.set(name, typeof value === 'string' ? value : value.join(', '));
    const response = await this.apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method, headers, search: request.search, body: request.body },
      context: () => Promise.resolve(context),
    });
    // The schema has no incremental delivery, so every answer is complete.
    const body = response.body.kind === 'complete' ? response.body.string : '';
    return { status: response.status ?? 200, headers: response.headers, body };
  }
}
