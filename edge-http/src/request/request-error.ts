import type { ErrorKey } from '../../../common/errors/catalogue';
import { LayoverError } from '../../../common/errors/layover-error';

/** Longest part of a client's input that is shown back to it. */
const SHOWN = 100;

/**
 * An error that names the part of the request that is wrong: `detail` is {field, value (cut to 100 characters), …}.
 * `problem` completes a sentence that begins with the field's name.
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
    detail: { field, value: value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value, ...more },
  });
}
