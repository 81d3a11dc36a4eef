import type { ConfigurationPosition } from '../../../../common/grpc/configuration-position';
import type { Logger } from '../../../../common/runtime/logger';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { Organization as OrganizationMessage } from '../../../../proto/gen/layover/v1/Organization';
import type { SystemSettings as SystemSettingsMessage } from '../../../../proto/gen/layover/v1/SystemSettings';
import type { TokenKey as TokenKeyMessage } from '../../../../proto/gen/layover/v1/TokenKey';
import type { ConfigurationChangeRow, RobotGrantRow, RobotRow } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { Database, Queries } from '../../db/database';
import type { Organization } from '../organizations/organization';
import type { OrganizationStore } from '../organizations/organization.store';
import type { RobotStore } from '../robots/robot.store';
import type { ConfigurationRevision } from '../settings/configuration-revision';
import { type ForcedSwitches, inForce } from '../settings/system-settings';
import type { SystemSettingsStore } from '../settings/system-settings.store';
import type { TokenKeyStore } from '../tokens/token-key.store';
import { toMessage } from './organization-message';
import { toRobotMessages } from './robot-messages';

/** The configuration that all organizations share. */
export interface SharedConfiguration {
  readonly settings: SystemSettingsMessage;
  /** The first key signs. */
  readonly tokenKeys: readonly TokenKeyMessage[];
}

/** A consistent snapshot of the whole configuration. */
export interface WholeConfiguration {
  readonly position: ConfigurationPosition;
  /** The retained log of changes, oldest first. */
  readonly log: readonly ConfigurationChangeRow[];
  readonly organizations: readonly OrganizationMessage[];
  readonly shared: SharedConfiguration;
}

/** The changes from one position to another. */
export interface ConfigurationChanges {
  /** The log entries, oldest first. The last entry has the new position. */
  readonly log: readonly ConfigurationChangeRow[];
  /** Uids of the organizations that changed, without duplicates. */
  readonly uids: readonly string[];
  /** The changed organizations that still exist, in their present state. */
  readonly organizations: readonly OrganizationMessage[];
  /** Undefined if it did not change. */
  readonly shared: SharedConfiguration | undefined;
}

/** Dependencies of {@link ConfigurationSource}. */
export interface ConfigurationSourceParts {
  readonly database: Database;
  readonly revision: ConfigurationRevision;
  readonly organizations: OrganizationStore;
  readonly robots: RobotStore;
  readonly settings: SystemSettingsStore;
  readonly tokenKeys: TokenKeyStore;
  readonly forced: ForcedSwitches;
  readonly box: SealedBox;
  readonly log: Logger;
}

/**
 * Reads the configuration in the form that data planes receive. Upstream passwords are in clear
 * text; by default the Catalog listens on a private socket. Each read sees one committed state, so
 * a mirror host that moves between organizations in two transactions never belongs to both.
 */
export class ConfigurationSource {
  constructor(private readonly parts: ConfigurationSourceParts) {}

  /**
   * Returns the last committed position, with a single statement regardless of the number of
   * organizations.
   */
  head(): Promise<ConfigurationPosition> {
    return this.parts.revision.head(this.parts.database.reader);
  }

  /** Reads the whole configuration. */
  readAll(): Promise<WholeConfiguration> {
    const { database, revision, organizations, robots } = this.parts;
    return database.readOneMoment(async (queries) => ({
      position: await revision.head(queries),
      log: await revision.changesFrom(queries, 0),
      organizations: this.toMessages(
        await organizations.all(queries),
        await robots.all(queries),
        await robots.allGrants(queries),
      ),
      shared: await this.readShared(queries),
    }));
  }

  /**
   * Reads the changes since `known`, in time proportional to their number. Returns undefined if the
   * log of changes is incomplete: it does not contain `known` (any more), or the revision was
   * changed without a log entry.
   */
  readSince(known: ConfigurationPosition): Promise<ConfigurationChanges | undefined> {
    const { database, revision, organizations, robots } = this.parts;
    return database.readOneMoment(async (queries) => {
      const head = await revision.head(queries);
      const [first, ...log] = await revision.changesFrom(queries, known.revision);
      const isKnown = first?.revision === known.revision && first.mark === known.mark;
      if (!isKnown || head.revision !== known.revision + log.length) return undefined;
      const uids = new Set<string>();
      for (const { organization_uid: uid } of log) if (uid !== null) uids.add(uid);
      const messages: OrganizationMessage[] = [];
      for (const part of chunks([...uids]))
        messages.push(
          ...this.toMessages(
            await organizations.findByUids(queries, part),
            await robots.ofOrganizations(queries, part),
            await robots.grantsOfOrganizations(queries, part),
          ),
        );
      const isSharedChanged = log.some((change) => change.organization_uid === null);
      const shared = isSharedChanged ? await this.readShared(queries) : undefined;
      return { log, uids: [...uids], organizations: messages, shared };
    });
  }

  private async readShared(queries: Queries): Promise<SharedConfiguration> {
    const { settings, forced, tokenKeys } = this.parts;
    const { proxyCacheEnabled, quotaManagementEnabled } = inForce(await settings.read(queries), forced);
    const keys = await tokenKeys.read(queries);
    return {
      settings: { proxyCacheEnabled, quotasEnforced: quotaManagementEnabled },
      tokenKeys: keys.map(({ id, secret }) => ({ id, secret })),
    };
  }

  private toMessages(
    organizations: readonly Organization[],
    robots: readonly RobotRow[],
    grants: readonly RobotGrantRow[],
  ): OrganizationMessage[] {
    const robotsOf = toRobotMessages(robots, grants);
    return organizations.map((organization) => ({
      ...toMessage(organization, this.parts),
      robots: robotsOf.get(organization.uid) ?? [],
    }));
  }
}
