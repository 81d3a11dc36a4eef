import type { ConfigurationSnapshot } from '../../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { Robot as RobotMessage } from '../../../../proto/gen/layover/v1/Robot';
import type { Queries } from '../../db/database';
import type { OrganizationStore } from '../organizations/organization.store';
import type { RobotStore } from '../robots/robot.store';
import { type ForcedSwitches, inForce } from '../settings/system-settings';
import type { SystemSettingsStore } from '../settings/system-settings.store';
import type { TokenKeyStore } from '../tokens/token-key.store';
import type { ConfigurationRevision } from '../settings/configuration-revision';
import { type MessageParts, toMessage } from './organization-message';

/** Where a snapshot comes from. */
export interface SnapshotParts extends MessageParts {
  readonly revision: ConfigurationRevision;
  readonly organizations: OrganizationStore;
  readonly robots: RobotStore;
  readonly settings: SystemSettingsStore;
  readonly tokenKeys: TokenKeyStore;
  readonly forced: ForcedSwitches;
}

/**
 * The whole configuration, as data planes get it: with upstream passwords in clear (the Catalog listens on a private
 * socket by default). The revision is read first: what is committed while the rest is read is in the snapshot already,
 * and the later revision makes the next one.
 */
export async function buildSnapshot(queries: Queries, parts: SnapshotParts): Promise<ConfigurationSnapshot> {
  const revision = await parts.revision.read(queries);
  const settings = inForce(await parts.settings.read(queries), parts.forced);
  const organizations = await parts.organizations.all(queries);
  const robots = new Map<string, RobotMessage[]>();
  for (const robot of await parts.robots.all(queries)) {
    const others = robots.get(robot.organization_uid) ?? [];
    robots.set(robot.organization_uid, others);
    others.push({ name: robot.name, secretSha256: Buffer.from(robot.secret_sha256, 'hex') });
  }
  const tokenKeys = await parts.tokenKeys.read(queries);
  return {
    revision,
    organizations: organizations.map((organization) => ({
      ...toMessage(organization, parts),
      robots: robots.get(organization.uid) ?? [],
    })),
    settings: {
      proxyCacheEnabled: settings.proxyCacheEnabled,
    },
    tokenKeys: tokenKeys.map(({ id, secret }) => ({ id, secret })),
  };
}
