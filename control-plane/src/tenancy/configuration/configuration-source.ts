import type { ConfigurationPosition } from '../../../../common/grpc/configuration-position';
import type { Logger } from '../../../../common/runtime/logger';
import type { SealedBox } from '../../../../common/security/sealed-box';
import type { Organization as OrganizationMessage } from '../../../../proto/gen/layover/v1/Organization';
import type { Robot as RobotMessage } from '../../../../proto/gen/layover/v1/Robot';
import type { SystemSettings as SystemSettingsMessage } from '../../../../proto/gen/layover/v1/SystemSettings';
import type { TokenKey as TokenKeyMessage } from '../../../../proto/gen/layover/v1/TokenKey';
import type { ConfigurationChangeRow, RobotRow } from '../../../../schema/tables';
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

/** What data planes know beside the organizations. */
export interface SharedConfiguration {
  readonly settings: SystemSettingsMessage;
  /** The first signs. */
  readonly tokenKeys: readonly TokenKeyMessage[];
}

/** The whole configuration at one moment. */
export interface WholeConfiguration {
  readonly position: ConfigurationPosition;
  /** What the log of changes has, oldest first. */
  readonly log: readonly ConfigurationChangeRow[];
  readonly organizations: readonly OrganizationMessage[];
  readonly shared: SharedConfiguration;
}

/** What changed from one position to another. */
export interface ConfigurationChanges {
  /** The changes, oldest first; the last one has the new position. */
  readonly log: readonly ConfigurationChangeRow[];
  /** Uids of the organizations that changed, each once. */
  readonly uids: readonly string[];
  /** Those of them that exist, as they are now. */
  readonly organizations: readonly OrganizationMessage[];
  /** undefined = unchanged. */
  readonly shared: SharedConfiguration | undefined;
}

/** Where the configuration comes from. */
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
 * Reads the configuration as data planes get it, with upstream passwords in clear (the Catalog
 * listens on a private socket by default). Each read sees one moment: a mirror host that moves from
 * one organization to another in two transactions never belongs to both.
 */
export class ConfigurationSource {
  constructor(private readonly parts: ConfigurationSourceParts) {}

  /**
   * Returns the position that is committed now: one statement, whatever the number of
   * organizations.
   */
  head(): Promise<ConfigurationPosition> {
    return this.parts.revision.head(this.parts.database.reader);
  }

  /** Reads everything. */
  readAll(): Promise<WholeConfiguration> {
    const { database, revision, organizations, robots } = this.parts;
    return database.readOneMoment(async (queries) => ({
      position: await revision.head(queries),
      log: await revision.changesFrom(queries, 0),
      organizations: this.toMessages(await organizations.all(queries), await robots.all(queries)),
      shared: await this.readShared(queries),
    }));
  }

  /**
   * Reads what changed since `known`, in time proportional to what changed. Returns undefined if
   * the log of changes does not tell: it does not have `known` (any more), or something changed the
   * revision without it.
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
          ),
        );
      const isSharedChanged = log.some((change) => change.organization_uid === null);
      const shared = isSharedChanged ? await this.readShared(queries) : undefined;
      return { log, uids: [...uids], organizations: messages, shared };
    });
  }

  private async readShared(queries: Queries): Promise<SharedConfiguration> {
    const { settings, forced, tokenKeys } = this.parts;
    const { proxyCacheEnabled } = inForce(await settings.read(queries), forced);
    const keys = await tokenKeys.read(queries);
    return {
      settings: { proxyCacheEnabled },
      tokenKeys: keys.map(({ id, secret }) => ({ id, secret })),
    };
  }

  private toMessages(organizations: readonly Organization[], robots: readonly RobotRow[]): OrganizationMessage[] {
    const robotsOf = new Map<string, RobotMessage[]>();
    for (const { organization_uid: uid, name, secret_sha256: secret } of robots) {
      const others = robotsOf.get(uid) ?? [];
      robotsOf.set(uid, others);
      // Kept in memory: a copy of its own, because a small Buffer is a part of Node's pool and
      // would keep 8 KiB of it.
      others.push({ name, secretSha256: new Uint8Array(Buffer.from(secret, 'hex')) });
    }
    return organizations.map((organization) => ({
      ...toMessage(organization, this.parts),
      robots: robotsOf.get(organization.uid) ?? [],
    }));
  }
}
