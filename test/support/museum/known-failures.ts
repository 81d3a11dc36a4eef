import type { OperationName } from './operations';

/** The failing operations of a registry, with what was observed. */
export type FailuresOfProfile = Readonly<Partial<Record<OperationName, string>>>;

/**
 * What Layover does wrong today, by the key of the profile and the operation. The suite fails if
 * one of these operations succeeds, so that the list can only shrink.
 */
export const KNOWN_FAILURES: Readonly<Record<string, FailuresOfProfile>> = {};
