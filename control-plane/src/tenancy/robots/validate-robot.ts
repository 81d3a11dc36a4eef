import { badInput } from '../../errors/api-error';
import { isStorable, STORABLE_RULE } from '../../db/storable-text';

/** Maximum length of a name, in characters. */
const MAX_NAME = 64;
/** Maximum length of a description, in characters. */
const MAX_DESCRIPTION = 1024;
/** Longest time that the previous secret stays valid after a rotation, in seconds: 30 days. */
export const MAX_KEEP_PREVIOUS_SECONDS = 2_592_000;

/** No `+` and no `:`, because clients log in as `<organization>+<robot>:<secret>`. */
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** The rule of {@link validateRobotName}, for schema descriptions and messages. */
export const ROBOT_NAME_RULE = `1 to ${MAX_NAME} characters: lower-case letters and digits, in parts separated by one '.', '_' or '-'`;

/** Checks the name of a robot. Throws BAD_USER_INPUT. */
export function validateRobotName(name: string): void {
  if (name.length > MAX_NAME || !NAME.test(name)) throw badInput('name', `must be ${ROBOT_NAME_RULE}`);
}

/** Checks the description of a robot. Throws BAD_USER_INPUT. */
export function validateRobotDescription(description: string): void {
  if (description.length > MAX_DESCRIPTION || !isStorable(description))
    throw badInput('description', `must be at most ${MAX_DESCRIPTION} characters: ${STORABLE_RULE}`);
}

/**
 * Checks the expiry of a robot (milliseconds since the epoch; null = never). Throws BAD_USER_INPUT.
 */
export function validateExpiration(expiresAt: number | null, now: number): void {
  if (expiresAt !== null && expiresAt <= now) throw badInput('expiresAt', 'must be in the future');
}

/** Checks how long a previous secret is kept. Throws BAD_USER_INPUT. */
export function validateKeepPrevious(seconds: number): void {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_KEEP_PREVIOUS_SECONDS)
    throw badInput('keepPreviousSeconds', `must be from 0 to ${MAX_KEEP_PREVIOUS_SECONDS}`);
}
