import type { Knex } from 'knex';
import type { Queries } from '../../db/database';

/*
 * Rules of tag-life.ts as conditions on the table of tags, for statements over many versions. A
 * property test compares each with its function.
 */

/** Condition for {@link hasExpired}. Binding: now. */
export const HAS_EXPIRED = 'live = 1 AND expires_at <= ?';

/** Condition for {@link isActive} of a live version. Binding: now. */
export const HAS_NOT_EXPIRED = '(expires_at IS NULL OR expires_at > ?)';

/**
 * Condition for {@link isActive}. Binding: now. The `+` keeps SQLite from the index of all live
 * tags of all repositories.
 */
export const IS_ACTIVE = `+live = 1 AND ${HAS_NOT_EXPIRED}`;

/** Condition for the opposite of {@link isActive}. Binding: now. */
export const IS_IN_TIME_MACHINE = '(live IS NULL OR expires_at <= ?)';

/** Condition for {@link wasDeletedAfter}. Binding: the time. */
export const WAS_DELETED_AFTER = `end_reason = 'DELETED' AND ended_at > ?`;

/** Condition for versions that the event COLLECTED removes. Binding: `endedBefore`. */
export const IS_OVER = 'ended_at <= ?';

/**
 * Returns the columns that the event EXPIRED writes to versions that {@link HAS_EXPIRED} selects.
 */
export function expiredColumns(queries: Queries): Record<string, string | null | Knex.Raw> {
  return { live: null, ended_at: queries.raw('expires_at'), end_reason: 'EXPIRED' };
}
