import { API_ERROR_CODES } from '../errors/api-error-codes';

const codes = Object.entries(API_ERROR_CODES).map(([code, { meaning }]) => `- \`${code}\`: ${meaning}`);

/** The description of the schema: how to send requests, and all error codes. */
export const SCHEMA_DESCRIPTION = `The management API of Layover: \`POST /graphql\` with \`Authorization: Bearer <token>\`.

Every error has \`extensions.code\` with one of the codes below. An error about input also has
\`extensions.field\` with the path of the argument. Every field can return UNAUTHENTICATED, FORBIDDEN,
LIMIT_EXCEEDED, RATE_LIMITED, UNAVAILABLE and INTERNAL, and every argument of the wrong type
BAD_USER_INPUT. Descriptions name the other errors.

${codes.join('\n')}`;
