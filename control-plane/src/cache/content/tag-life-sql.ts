import type { Knex } from 'knex';
import type { Queries } from '../../db/database';

/*
 * Rules of tag-life.ts as conditions on the table of tags, for statements over many versions. A
 * property test compares each with its function.
 */

/** {@link hasExpired}; binding: now. */
export const HAS_EXPIRED = 'live = 1 AND expires_at <= ?';

/** {@link isActive} of a live version; binding: now. */
export const HAS_NOT_EXPIRED = '(expires_at IS NULL OR expires_at > ?)';

/**
 * {@link isActive}; binding: now. With the `+`, SQLite does not read the index of all live tags of
 * all repositories.
 */
export const IS_ACTIVE = `+live = 1 AND ${HAS_NOT_EXPIRED}`;

/** The opposite of {@link isActive}; binding: now. */
export const IS_IN_TIME_MACHINE = '(live IS NULL OR expires_at <= ?)';

/** {@link wasDeletedAfter}; binding: the time. */
export const WAS_DELETED_AFTER = `end_reason = 'DELETED' AND ended_at > ?`;

/** What the event COLLECTED takes away; binding: `endedBefore`. */
export const IS_OVER = 'ended_at <= ?';

/** The columns that the event EXPIRED writes into versions that {@link HAS_EXPIRED} finds. */
export function expiredColumns(queries: Queries): Record<string, string | null | Knex.Raw> {
  return { live: null, ended_at: queries.raw('expires_at'), end_reason: 'EXPIRED' };
}
