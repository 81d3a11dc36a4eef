import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { ConfigurationChange, OrganizationConfiguration } from './configuration';
import type { SnapshotCodec } from './configuration-watch';
import { mustForget } from './forgotten';
import { check, readOrganization } from './read-organization';

/** An organization with its bytes for the disk. */
export interface HeldOrganization {
  readonly organization: OrganizationConfiguration;
  readonly encoded: Buffer;
}

/** What {@link OrganizationTable.apply} did. */
export interface AppliedChange extends ConfigurationChange {
  /**
   * Uids of organizations that were known before and of which everything must be forgotten: see
   * {@link mustForget}.
   */
  readonly forgotten: readonly string[];
}

/**
 * Reads an organization from the wire. Throws a SnapshotError that names the organization and the
 * field, and no value.
 */
export function holdOrganization(wire: Organization__Output, codec: SnapshotCodec): HeldOrganization {
  return { organization: readOrganization(wire), encoded: codec.encodeOrganization(wire) };
}

/**
 * The organizations by uid, by name and by mirror host. Changes take time proportional to what
 * changes.
 */
export class OrganizationTable {
  readonly byName = new Map<string, OrganizationConfiguration>();
  /** By mirror host in lower case. */
  readonly byMirrorHost = new Map<string, OrganizationConfiguration>();
  private readonly byUid = new Map<string, HeldOrganization>();

  /** How many there are. */
  get size(): number {
    return this.byUid.size;
  }

  /** Their bytes for the disk. */
  encoded(): Buffer[] {
    return Array.from(this.byUid.values(), ({ encoded }) => encoded);
  }

  /**
   * Adds or replaces organizations and removes others, in one step. Everything is checked first:
   * throws a SnapshotError if a uid comes twice, or if two organizations would have one name or
   * mirror host, and then nothing has changed.
   */
  apply(changed: readonly HeldOrganization[], removedUids: readonly string[]): AppliedChange {
    this.check(changed, new Set(removedUids));
    const forgotten: string[] = [];
    const removed = removedUids.filter((uid) => this.byUid.has(uid));
    for (const uid of removed) {
      this.remove(uid);
      forgotten.push(uid);
    }
    for (const { organization } of changed) {
      const before = this.remove(organization.uid);
      if (before !== undefined && mustForget(before, organization)) forgotten.push(organization.uid);
    }
    for (const held of changed) this.add(held);
    return { changed: changed.map(({ organization }) => organization.uid), removed, forgotten };
  }

  /** Describes the step from `before` to this table, as {@link apply} does. */
  changeFrom(before: OrganizationTable): AppliedChange {
    const removed: string[] = [];
    const forgotten: string[] = [];
    for (const [uid, { organization }] of before.byUid) {
      const after = this.byUid.get(uid)?.organization;
      if (after === undefined) removed.push(uid);
      if (mustForget(organization, after)) forgotten.push(uid);
    }
    return { changed: [...this.byUid.keys()], removed, forgotten };
  }

  private check(changed: readonly HeldOrganization[], removed: ReadonlySet<string>): void {
    const uids = new Set<string>();
    const names = new Set<string>();
    const hosts = new Set<string>();
    for (const { organization } of changed) {
      const { uid, name } = organization;
      const where = `organization ${name}`;
      check(!uids.has(uid) && !removed.has(uid), where, 'has the uid of another');
      check(!names.has(name), where, 'is there twice');
      uids.add(uid);
      names.add(name);
      const host = mirrorHostOf(organization);
      check(host === '' || !hosts.has(host), `mirror host ${host}`, 'belongs to two organizations');
      hosts.add(host);
    }
    const stays = (owner: OrganizationConfiguration | undefined): boolean =>
      owner !== undefined && !uids.has(owner.uid) && !removed.has(owner.uid);
    for (const { organization } of changed) {
      const host = mirrorHostOf(organization);
      check(!stays(this.byName.get(organization.name)), `organization ${organization.name}`, 'is there twice');
      check(!stays(this.byMirrorHost.get(host)), `mirror host ${host}`, 'belongs to two organizations');
    }
  }

  private add(held: HeldOrganization): void {
    const { organization } = held;
    const host = mirrorHostOf(organization);
    this.byUid.set(organization.uid, held);
    this.byName.set(organization.name, organization);
    if (host !== '') this.byMirrorHost.set(host, organization);
  }

  private remove(uid: string): OrganizationConfiguration | undefined {
    const organization = this.byUid.get(uid)?.organization;
    if (organization === undefined) return undefined;
    this.byUid.delete(uid);
    this.byName.delete(organization.name);
    this.byMirrorHost.delete(mirrorHostOf(organization));
    return organization;
  }
}

/** Empty = none. */
function mirrorHostOf({ proxyCache }: OrganizationConfiguration): string {
  return proxyCache?.mirrorHost.toLowerCase() ?? '';
}
