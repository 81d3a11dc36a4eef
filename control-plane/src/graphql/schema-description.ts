import { API_ERROR_CODES } from '../errors/api-error-codes';

const codes = Object.entries(API_ERROR_CODES).map(([code, { meaning }]) => `- \`${code}\`: ${meaning}`);

/** What the schema says of itself: how it is asked, and every error code. */
export const SCHEMA_DESCRIPTION = `The management API of Layover: \`POST /graphql\` with \`Authorization: Bearer <token>\`.

An error has \`extensions.code\`, one of those below, and where input is to blame \`extensions.field\`, the path of the argument.
Every field can answer UNAUTHENTICATED, FORBIDDEN, LIMIT_EXCEEDED, RATE_LIMITED, UNAVAILABLE and INTERNAL, and every argument of a wrong
type BAD_USER_INPUT; descriptions name what else there can be.

${codes.join('\n')}`;
