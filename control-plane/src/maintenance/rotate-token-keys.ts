import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { ConfigurationRevision } from '../tenancy/settings/configuration-revision';
import type { Database } from '../db/database';
import type { SystemSettingsStore } from '../tenancy/settings/system-settings.store';
import type { TokenKeyStore } from '../tenancy/tokens/token-key.store';
import { repeat } from '../../../common/async/repeat';

/**
 * Delay of the first check after a start, in milliseconds. It is short so that a process that never
 * runs for an hour rotates too.
 */
const FIRST_MS = 60_000;
/** Interval of the checks, in milliseconds. */
const EVERY_MS = 3_600_000;
/** How long a key signs, in milliseconds. */
const SIGNS_MS = 30 * 24 * 3_600_000;
/**
 * How long data planes know a key before it signs, in milliseconds, so that no data plane gets a
 * token with an unknown key.
 */
const KNOWN_BEFORE_MS = 3_600_000;
/**
 * How long a retired key verifies, in milliseconds. A data plane without contact to the control
 * plane continues to sign with it.
 */
const VERIFIES_AFTER_MS = 7 * 24 * 3_600_000;

/** Dependencies of {@link rotateTokenKeys}. */
export interface RotateTokenKeysParts {
  readonly database: Database;
  readonly tokenKeys: TokenKeyStore;
  readonly settings: SystemSettingsStore;
  readonly revision: ConfigurationRevision;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Replaces the signing key of pull tokens every 30 days (ADR 9): creates and announces a new key,
 * retires the old key an hour later so that the new one signs, and deletes the old key a week after
 * that. Several control planes on one database coordinate through a row lock. Returns a function
 * that stops the work.
 */
export function rotateTokenKeys(parts: RotateTokenKeysParts): () => Promise<void> {
  const work = (): Promise<void> => step(parts);
  const { clock, log } = parts;
  const onError = (error: unknown): void =>
    log.warn(
      { err: error },
      'Checking the age of the signing keys of pull tokens failed; it will be retried within an hour',
    );
  return repeat({ clock, firstMs: FIRST_MS, everyMs: EVERY_MS, work, onError });
}

async function step({ database, tokenKeys, settings, revision, clock, log }: RotateTokenKeysParts): Promise<void> {
  const changed = await database.transaction(async (queries) => {
    // All control planes lock this row first; otherwise two of them would create two keys.
    await settings.lock(queries);
    const now = clock.now();
    const ages = await tokenKeys.ages(queries);
    const newest = ages.at(-1);
    let changes = await tokenKeys.forget(queries, now - VERIFIES_AFTER_MS);
    if (newest === undefined || newest <= now - SIGNS_MS) {
      await tokenKeys.create(queries, now);
      changes += 1;
    } else if (ages.length > 1 && newest <= now - KNOWN_BEFORE_MS)
      changes += await tokenKeys.retire(queries, newest, now);
    if (changes > 0) await revision.bump(queries, 'shared');
    return changes;
  });
  if (changed > 0) log.info('The signing keys of pull tokens were rotated');
}
