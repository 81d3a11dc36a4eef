import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError, parse } from 'graphql';
import type { Logger } from '../../../../common/runtime/logger';
import { type ApiErrorCode, isApiErrorCode } from '../../errors/api-error-codes';
import { toApiError } from '../../errors/to-api-error';
import { QUERY_LIMITS } from '../limits/query-limits';
import { formatPath, hideSecrets, pathOfValidationError } from './argument-path';

/** Codes of Apollo that our table has other names for. */
const APOLLO_CODES: Readonly<Record<string, ApiErrorCode>> = {
  OPERATION_RESOLUTION_FAILURE: 'BAD_REQUEST',
  PERSISTED_QUERY_NOT_FOUND: 'BAD_REQUEST',
  PERSISTED_QUERY_NOT_SUPPORTED: 'BAD_REQUEST',
};

/**
 * An error as callers see it: a code of the table, and for input the path of the field. What is not an expected failure
 * goes to the log and is answered as INTERNAL without its text. Never throws.
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
      log.error({ err: original, path }, 'a GraphQL request failed');
      return { message: 'Something went wrong inside Layover.', ...place, extensions: { code: 'INTERNAL' } };
    }
    if (code === 'GRAPHQL_VALIDATION_FAILED') return validationError(formatted, original, place);
    // The parser gives up there, so how many words there are is not known.
    if (code === 'GRAPHQL_PARSE_FAILED' && /contains more tha[nt] \d+ tokens/.test(formatted.message))
      return {
        message: `The query has more than ${QUERY_LIMITS.tokens} words and signs, which is the limit.`,
        ...place,
        extensions: { code: 'LIMIT_EXCEEDED' },
      };
    const field = formatted.extensions?.['field'];
    return { message: formatted.message, ...place, extensions: { code, ...(field === undefined ? {} : { field }) } };
  };
}

/** A literal that doesn't fit its argument is input, and is told like any other bad input. */
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
