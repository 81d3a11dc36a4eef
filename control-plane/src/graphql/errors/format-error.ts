import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError, parse } from 'graphql';
import type { Logger } from '../../../../common/runtime/logger';
import { type ApiErrorCode, isApiErrorCode } from '../../errors/api-error-codes';
import { toApiError } from '../../errors/to-api-error';
import { QUERY_LIMITS } from '../limits/query-limits';
import { formatPath, hideSecrets, pathOfValidationError } from './argument-path';

/** Codes of Apollo that have other names in our table. */
const APOLLO_CODES: Readonly<Record<string, ApiErrorCode>> = {
  OPERATION_RESOLUTION_FAILURE: 'BAD_REQUEST',
  PERSISTED_QUERY_NOT_FOUND: 'BAD_REQUEST',
  PERSISTED_QUERY_NOT_SUPPORTED: 'BAD_REQUEST',
};

/**
 * Returns a function that formats errors for callers: with a code of the table and, for invalid
 * input, the path of the field. An unexpected error is logged and becomes INTERNAL, without its
 * message. Never throws.
 */
export function errorFormatter(
  log: Logger,
): (formatted: GraphQLFormattedError, thrown: unknown) => GraphQLFormattedError {
  return (formatted, thrown) => {
    const original = unwrapResolverError(thrown);
    const { locations, path } = formatted;
    const place = { ...(locations ? { locations } : {}), ...(path ? { path } : {}) };
    const expected = toApiError(original);
    if (expected !== undefined) {
      const { message, code, field } = expected;
      return { message, ...place, extensions: { code, ...(field === undefined ? {} : { field }) } };
    }
    const given = formatted.extensions?.['code'];
    const code = isApiErrorCode(given) ? given : APOLLO_CODES[String(given)];
    if (code === undefined || code === 'INTERNAL') {
      log.error({ err: original, path }, 'A GraphQL request failed');
      return {
        message: 'Internal error. The cause is in the log of the control plane.',
        ...place,
        extensions: { code: 'INTERNAL' },
      };
    }
    if (code === 'GRAPHQL_VALIDATION_FAILED') return validationError(formatted, original, place);
    // The parser stops at the limit, so the number of tokens is unknown.
    if (code === 'GRAPHQL_PARSE_FAILED' && /contains more tha[nt] \d+ tokens/.test(formatted.message))
      return {
        message: `The query has more tokens (words and punctuators) than the limit of ${QUERY_LIMITS.tokens}.`,
        ...place,
        extensions: { code: 'LIMIT_EXCEEDED' },
      };
    const field = formatted.extensions?.['field'];
    return { message: formatted.message, ...place, extensions: { code, ...(field === undefined ? {} : { field }) } };
  };
}

/** Formats an error about a literal of the wrong type like any other invalid input. */
function validationError(formatted: GraphQLFormattedError, thrown: unknown, place: object): GraphQLFormattedError {
  const error = thrown instanceof GraphQLError ? thrown : undefined;
  const path = error && pathOfValidationError(error, parseAgain(error));
  if (path === undefined)
    return { message: formatted.message, ...place, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } };
  const field = formatPath(path);
  return {
    message: `${field}: ${hideSecrets(path, formatted.message)}`,
    ...place,
    extensions: { code: 'BAD_USER_INPUT', field },
  };
}

function parseAgain(error: GraphQLError): ReturnType<typeof parse> | undefined {
  try {
    return error.source && parse(error.source.body);
  } catch {
    return undefined;
  }
}
