import type { SealedBox } from '../../../../common/security/sealed-box';
import { chunks } from '../../db/chunks';
import type { Database, Queries } from '../../db/database';
import type { Clock } from '../../../../common/runtime/clock';
import { sharedIdentity } from '../organizations/next-proxy-cache';
import type { Organization } from '../organizations/organization';
import type { OrganizationContent } from '../organizations/organization-content';
import { toIdentityColumns } from '../organizations/organization.rows';
import type { OrganizationStore } from '../organizations/organization.store';
import { type AccountIdentities, identitiesOf } from '../organizations/upstream-identities';
import type { ConfigurationRevision } from '../settings/configuration-revision';

/** Dependencies of {@link identifyUpstreams}. */
export interface IdentifyParts {
  readonly database: Database;
  readonly organizations: OrganizationStore;
  readonly revision: ConfigurationRevision;
  readonly content: OrganizationContent;
  readonly box: SealedBox;
  readonly identities: AccountIdentities;
  readonly clock: Clock;
}

/** Organizations in one transaction. */
const STEP = 100;

/**
 * Derives the identities of organizations again and stores those that changed: of organizations
 * that an older version created or changed, and all that have an account after the master key was
 * replaced. Runs at every start. Returns the number of organizations whose identities changed.
 */
export async function identifyUpstreams(parts: IdentifyParts): Promise<number> {
  const { database, organizations } = parts;
  const outdated = (await organizations.all(database.reader)).filter((one) => isOutdated(one, parts));
  let changed = 0;
  for (const step of chunks(outdated, STEP))
    changed += await database.transaction(async (queries) => {
      let count = 0;
      for (const { name } of step) count += await identify(queries, name, parts);
      return count;
    });
  return changed;
}

async function identify(queries: Queries, name: string, parts: IdentifyParts): Promise<0 | 1> {
  const { organizations, revision, content, clock } = parts;
  const organization = await organizations.lockByName(queries, name);
  if (organization?.proxyCache === undefined || !isOutdated(organization, parts)) return 0;
  const { uid, proxyCache } = organization;
  const next = { ...proxyCache, sharedIdentity: identityOf(organization, parts) };
  await organizations.replaceIdentities(queries, uid, toIdentityColumns(next));
  const kept = identitiesOf(next);
  const ended = identitiesOf(proxyCache).filter((identity) => !kept.includes(identity));
  await content.endIdentities(queries, ended, clock.now());
  content.rightsChanged(queries, next.originVersion, clock.now());
  await revision.bump(queries, organization);
  return 1;
}

function isOutdated(organization: Organization, parts: IdentifyParts): boolean {
  const { proxyCache } = organization;
  return proxyCache !== undefined && proxyCache.sharedIdentity !== identityOf(organization, parts);
}

function identityOf(
  { uid, proxyCache }: Organization,
  { box, identities }: Pick<IdentifyParts, 'box' | 'identities'>,
): string | undefined {
  return proxyCache && sharedIdentity(proxyCache, { organizationUid: uid, box, identities });
}
