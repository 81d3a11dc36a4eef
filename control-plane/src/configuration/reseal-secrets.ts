import type { Logger } from '../../../common/runtime/logger';
import type { SealedBox } from '../../../common/security/sealed-box';
import type { Database } from '../db/database';
import type { OrganizationStore } from '../organization/organization.store';
import type { TokenKeyStore } from '../token/token-key.store';

/** What {@link resealSecrets} works with. */
export interface ResealParts {
  readonly database: Database;
  readonly organizations: OrganizationStore;
  readonly tokenKeys: TokenKeyStore;
  readonly box: SealedBox;
  readonly log: Logger;
}

/**
 * Key rotation: what LAYOVER_MASTER_KEY_PREVIOUS sealed is sealed with the present key, so that after one start the old
 * key is no longer needed. What no key opens is left as it is, and named in the log.
 */
export async function resealSecrets(parts: ResealParts): Promise<void> {
  const { box, database, organizations, tokenKeys, log } = parts;
  await database.transaction(async (queries) => {
    for (const { uid, sealed } of await organizations.sealedPasswords(queries)) {
      if (box.isCurrent(sealed)) continue;
      try {
        await organizations.replaceSeal(queries, uid, sealed, box.seal(box.open(sealed, uid), uid));
      } catch (error) {
        if ((error as Error).name !== 'SealedBoxError') throw error;
        log.error({ err: error, organizationUid: uid }, 'an upstream password cannot be opened: set it again');
      }
    }
    await tokenKeys.reseal(queries);
  });
}
