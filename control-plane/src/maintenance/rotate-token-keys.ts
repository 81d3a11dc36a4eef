import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { ConfigurationRevision } from '../tenancy/settings/configuration-revision';
import type { Database } from '../db/database';
import type { SystemSettingsStore } from '../tenancy/settings/system-settings.store';
import type { TokenKeyStore } from '../tenancy/tokens/token-key.store';
import { repeat } from '../../../common/async/repeat';

/** When keys are first looked at after a start, in milliseconds: a process that never runs for an hour rotates as well. */
const FIRST_MS = 60_000;
/** How often keys are looked at, in milliseconds. */
const EVERY_MS = 3_600_000;
/** How long a key signs, in milliseconds. */
const SIGNS_MS = 30 * 24 * 3_600_000;
/** How long data planes know a key before it signs: a token must not reach one that has not heard of its key. */
const KNOWN_BEFORE_MS = 3_600_000;
/** How long a retired key verifies: a data plane that is cut off from the control plane goes on signing with it. */
const VERIFIES_AFTER_MS = 7 * 24 * 3_600_000;

/** What {@link rotateTokenKeys} works with. */
export interface RotateTokenKeysParts {
  readonly database: Database;
  readonly tokenKeys: TokenKeyStore;
  readonly settings: SystemSettingsStore;
  readonly revision: ConfigurationRevision;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Replaces the key that pull tokens are signed with every 30 days: a new one is made and made known, an hour later the
 * old one retires and the new one signs, and a week after that the old one is forgotten. Several control
 * planes on one database take turns. The function returned ends that.
 */
export function rotateTokenKeys(parts: RotateTokenKeysParts): () => Promise<void> {
  const work = (): Promise<void> => step(parts);
  const { clock, log } = parts;
  const onError = (error: unknown): void =>
    log.warn({ err: error }, 'looking at the age of the keys of pull tokens failed; it is tried again later');
  return repeat({ clock, firstMs: FIRST_MS, everyMs: EVERY_MS, work, onError });
}

async function step({ database, tokenKeys, settings, revision, clock, log }: RotateTokenKeysParts): Promise<void> {
  const changed = await database.transaction(async (queries) => {
    // The row that all control planes lock first: two of them would make two keys.
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
  if (changed > 0) log.info('the keys of pull tokens changed');
}
