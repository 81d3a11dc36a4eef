import { ConfigurationError } from '../../../../common/runtime/env';
import type { Logger } from '../../../../common/runtime/logger';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { Database } from '../../db/database';
import type { OrganizationStore, SealedPassword } from '../organizations/organization.store';
import type { TokenKeyStore } from '../tokens/token-key.store';

/** Dependencies and options of {@link resealSecrets}. */
export interface ResealParts {
  readonly database: Database;
  readonly organizations: OrganizationStore;
  readonly tokenKeys: TokenKeyStore;
  readonly box: SealedBox;
  readonly log: Logger;
  /** LAYOVER_IGNORE_UNREADABLE_SECRETS: continue if secrets cannot be decrypted. */
  readonly ignoreUnreadable: boolean;
}

/**
 * Passwords per transaction. A small number, so that changes of organizations do not wait long for
 * a key rotation.
 */
const STEP = 100;
/** Maximum number of organizations that an error names. */
const NAMED = 20;

/**
 * Reseals all secrets that were sealed with LAYOVER_MASTER_KEY_PREVIOUS with the present master
 * key. After one start, the previous key is no longer needed. Checks first that all secrets can be
 * decrypted. Otherwise throws a ConfigurationError that names the affected organizations, without
 * any change. With `ignoreUnreadable`, secrets that cannot be decrypted are kept and logged
 * instead.
 */
export async function resealSecrets(parts: ResealParts): Promise<void> {
  const { box, database, organizations, tokenKeys, log } = parts;
  const unreadable: string[] = [];
  for await (const step of steps(parts)) {
    for (const one of step) if (!opens(box, one)) unreadable.push(one.organization);
  }
  const unreadableKeys = await tokenKeys.unreadable(database.reader);
  if (unreadable.length + unreadableKeys > 0) {
    if (!parts.ignoreUnreadable) throw unreadableError(unreadable, unreadableKeys);
    log.error(
      { organizations: unreadable.slice(0, NAMED), passwords: unreadable.length, tokenKeys: unreadableKeys },
      'Secrets cannot be decrypted with the configured master keys and are ignored ' +
        '(LAYOVER_IGNORE_UNREADABLE_SECRETS); set the upstream passwords again',
    );
  }
  let resealed = 0;
  for await (const step of steps(parts)) {
    const old = step.filter((one) => !box.isCurrent(one.sealed) && opens(box, one));
    if (old.length === 0) continue;
    await database.transaction(async (queries) => {
      for (const { uid, sealed } of old)
        await organizations.replaceSeal(queries, uid, sealed, box.seal(box.open(sealed, uid), uid));
    });
    resealed += old.length;
  }
  await database.transaction((queries) => tokenKeys.reseal(queries));
  if (resealed > 0)
    log.info({ passwords: resealed }, 'Upstream passwords were encrypted again with the current master key');
}

async function* steps({ database, organizations }: ResealParts): AsyncGenerator<readonly SealedPassword[]> {
  for (let after = ''; ;) {
    const step = await organizations.sealedPasswords(database.reader, after, STEP);
    yield step;
    if (step.length < STEP) return;
    after = step.at(-1)!.uid;
  }
}

function opens(box: SealedBox, { uid, sealed }: SealedPassword): boolean {
  try {
    box.open(sealed, uid);
    return true;
  } catch (error) {
    if ((error as Error).name !== 'SealedBoxError') throw error;
    return false;
  }
}

function unreadableError(organizations: readonly string[], tokenKeys: number): ConfigurationError {
  const named = organizations.slice(0, NAMED).join(', ');
  const more = organizations.length > NAMED ? ` and ${organizations.length - NAMED} more` : '';
  return new ConfigurationError([
    ...(organizations.length === 0
      ? []
      : [`LAYOVER_MASTER_KEY does not decrypt the upstream passwords of these organizations: ${named}${more}`]),
    ...(tokenKeys === 0 ? [] : [`LAYOVER_MASTER_KEY does not decrypt ${tokenKeys} of the keys that sign pull tokens`]),
    'LAYOVER_MASTER_KEY_PREVIOUS must contain the key that encrypted them (if none was configured: keys/master-key in the home). ' +
      'Nothing was changed. If that key is lost, start with LAYOVER_IGNORE_UNREADABLE_SECRETS=1 and ' +
      'set the upstream passwords again',
  ]);
}
