import { ConfigurationError } from '../../../../common/runtime/env';
import type { Logger } from '../../../../common/runtime/logger';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { Database } from '../../db/database';
import type { OrganizationStore, SealedPassword } from '../organizations/organization.store';
import type { TokenKeyStore } from '../tokens/token-key.store';

/** What {@link resealSecrets} works with. */
export interface ResealParts {
  readonly database: Database;
  readonly organizations: OrganizationStore;
  readonly tokenKeys: TokenKeyStore;
  readonly box: SealedBox;
  readonly log: Logger;
  /** LAYOVER_IGNORE_UNREADABLE_SECRETS: go on without what no key opens. */
  readonly ignoreUnreadable: boolean;
}

/** Passwords in one transaction: changes of organizations never wait long behind a rotation. */
const STEP = 100;
/** Organizations that an error names. */
const NAMED = 20;

/**
 * Key rotation: what LAYOVER_MASTER_KEY_PREVIOUS sealed is sealed with the present key, in steps of 100, so that after one start
 * the old key is no longer needed. First everything is opened: throws a ConfigurationError that names what no key opens, and then
 * nothing has changed. With `ignoreUnreadable` it stays as it is, and is named in the log.
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
      'secrets cannot be opened with the master keys at hand, and are ignored as configured: set the ' +
        'upstream passwords again',
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
    log.info({ passwords: resealed }, 'upstream passwords were sealed again with the present master key');
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
