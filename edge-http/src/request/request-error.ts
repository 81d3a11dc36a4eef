import type { ErrorKey } from '../../../common/errors/catalogue';
import { LayoverError } from '../../../common/errors/layover-error';

/** Longest part of a client's input that is repeated in an error, in characters. */
const MAX_SHOWN_LENGTH = 100;

/**
 * Creates an error about one part of the request. `detail` contains the field, its value (cut to
 * 100 characters) and `more`. `problem` completes a sentence that begins with the name of the
 * field.
 */
export function requestError(
  key: ErrorKey,
  field: string,
  value: string,
  problem: string,
  more: Readonly<Record<string, unknown>> = {},
): LayoverError {
  return new LayoverError(key, {
    message: `${field} ${problem}`,
    detail: { field, value: value.length > MAX_SHOWN_LENGTH ? `${value.slice(0, MAX_SHOWN_LENGTH)}…` : value, ...more },
  });
}
