/**
 * Condition for repositories (as `r`) that have not ended. The + keeps SQLite from using the index
 * on ended_at, which selects almost all of them (see RepositoryStore).
 */
export const LIVE = '+r.ended_at IS NULL';
