import { badInput } from '../../../errors/api-error';
import { isStorable, STORABLE_RULE } from '../../../db/storable-text';
import type { Rule } from './setting';

/** Maximum duration of any setting in seconds: ten years. */
export const MAX_SECONDS = 315_360_000;

/** Accepts whole numbers from `min` to `max`. `unit` is the plural of the unit, as in 'seconds'. */
export function range(min: number, max: number, unit?: string): Rule<number> {
  const unitText = unit === undefined ? '' : ` ${unit}`;
  return {
    text: `From ${min} to ${max}${unitText}.`,
    check(value, field) {
      if (value < min || value > max) throw badInput(field, `must be from ${min} to ${max}${unitText}`);
      return value;
    },
  };
}

/** Accepts durations from `min` seconds to ten years. */
export function seconds(min: number): Rule<number> {
  return range(min, MAX_SECONDS, 'seconds');
}

/** Accepts text of at most `max` characters that both databases can store. */
export function shortText(max: number): Rule<string> {
  return {
    text: `At most ${max} characters.`,
    check(value, field) {
      if (value.length > max || !isStorable(value))
        throw badInput(field, `must be at most ${max} characters: ${STORABLE_RULE}`);
      return value;
    },
  };
}
