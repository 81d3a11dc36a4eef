import { badInput } from '../../errors/api-error';

/** Longest time that any setting may name: ten years. */
export const MAX_SECONDS = 315_360_000;

/** Checks a number of seconds. Throws BAD_USER_INPUT. */
export function seconds(value: number, min: number, field: string): number {
  if (value < min || value > MAX_SECONDS) throw badInput(field, `must be from ${min} to ${MAX_SECONDS} seconds`);
  return value;
}
