/**
 * Repositories (as `r`) that have not ended. With the +, SQLite does not begin with the index of all that have not, which are all of them (see
 * RepositoryStore).
 */
export const LIVE = '+r.ended_at IS NULL';
