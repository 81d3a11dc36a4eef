import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { ConfigurationChange, OrganizationConfiguration } from './configuration';
import type { SnapshotCodec } from './configuration-watch';
import { mustForget } from './forgotten';
import { check, readOrganization } from './read-organization';
import { mirroredRegistry } from './registry-key';

/** An organization and its encoded form for the disk. */
export interface HeldOrganization {
  readonly organization: OrganizationConfiguration;
  readonly encoded: Buffer;
}

/** The result of {@link OrganizationTable.apply}. */
export interface AppliedChange extends ConfigurationChange {
  /** Uids of earlier organizations whose cached data must be forgotten: see {@link mustForget}. */
  readonly forgotten: readonly string[];
  /** Upstream identities that no organization has any more. */
  readonly endedIdentities: readonly string[];
}

/**
 * Reads an organization from its wire message. Throws a SnapshotError that names the organization
 * and the field, but no value.
 */
export function holdOrganization(wire: Organization__Output, codec: SnapshotCodec): HeldOrganization {
  return { organization: readOrganization(wire), encoded: codec.encodeOrganization(wire) };
}

/**
 * Organizations, indexed by uid, name, mirror host and registry. The time of an update depends only
 * on the number of changed organizations.
 */
export class OrganizationTable {
  readonly byName = new Map<string, OrganizationConfiguration>();
  /** By lower-case mirror host. */
  readonly byMirrorHost = new Map<string, OrganizationConfiguration>();
  /** By the key of the registry that they answer for: see {@link mirroredRegistry}. */
  readonly byRegistry = new Map<string, Set<OrganizationConfiguration>>();
  private readonly byUid = new Map<string, HeldOrganization>();
  /** The number of organizations that have each upstream identity. */
  private readonly identities = new Map<string, number>();

  /** The number of organizations. */
  get size(): number {
    return this.byUid.size;
  }

  /** Returns whether an organization has an upstream identity. */
  hasIdentity(identity: string): boolean {
    return this.identities.has(identity);
  }

  /** Returns the encoded organizations for the disk. */
  encoded(): Buffer[] {
    return Array.from(this.byUid.values(), ({ encoded }) => encoded);
  }

  /**
   * Adds, replaces and removes organizations in one step. Validates all changes first: throws a
   * SnapshotError, without any change, if a uid occurs twice or two organizations would share a
   * name or mirror host.
   */
  apply(changed: readonly HeldOrganization[], removedUids: readonly string[]): AppliedChange {
    this.check(changed, new Set(removedUids));
    const forgotten: string[] = [];
    const before: string[] = [];
    const removed = removedUids.filter((uid) => this.byUid.has(uid));
    for (const uid of removed) {
      before.push(...identitiesOf(this.remove(uid)));
      forgotten.push(uid);
    }
    for (const { organization } of changed) {
      const earlier = this.remove(organization.uid);
      before.push(...identitiesOf(earlier));
      if (earlier !== undefined && mustForget(earlier, organization)) forgotten.push(organization.uid);
    }
    for (const held of changed) this.add(held);
    const endedIdentities = before.filter((identity) => !this.hasIdentity(identity));
    return { changed: changed.map(({ organization }) => organization.uid), removed, forgotten, endedIdentities };
  }

  /** Returns the difference from `before` to this table, in the form of {@link apply}. */
  changeFrom(before: OrganizationTable): AppliedChange {
    const removed: string[] = [];
    const forgotten: string[] = [];
    for (const [uid, { organization }] of before.byUid) {
      const after = this.byUid.get(uid)?.organization;
      if (after === undefined) removed.push(uid);
      if (mustForget(organization, after)) forgotten.push(uid);
    }
    const endedIdentities = [...before.identities.keys()].filter((identity) => !this.hasIdentity(identity));
    return { changed: [...this.byUid.keys()], removed, forgotten, endedIdentities };
  }

  private check(changed: readonly HeldOrganization[], removed: ReadonlySet<string>): void {
    const uids = new Set<string>();
    const names = new Set<string>();
    const hosts = new Set<string>();
    for (const { organization } of changed) {
      const { uid, name } = organization;
      const where = `organization ${name}`;
      check(!uids.has(uid) && !removed.has(uid), where, 'has a uid that occurs twice in the update');
      check(!names.has(name), where, 'occurs twice');
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
      check(!stays(this.byName.get(organization.name)), `organization ${organization.name}`, 'occurs twice');
      check(!stays(this.byMirrorHost.get(host)), `mirror host ${host}`, 'belongs to two organizations');
    }
  }

  private add(held: HeldOrganization): void {
    const { organization } = held;
    const host = mirrorHostOf(organization);
    this.byUid.set(organization.uid, held);
    this.byName.set(organization.name, organization);
    if (host !== '') this.byMirrorHost.set(host, organization);
    const registry = mirroredRegistry(organization);
    if (registry !== undefined) {
      const sharers = this.byRegistry.get(registry);
      if (sharers === undefined) this.byRegistry.set(registry, new Set([organization]));
      else sharers.add(organization);
    }
    for (const identity of identitiesOf(organization))
      this.identities.set(identity, (this.identities.get(identity) ?? 0) + 1);
  }

  private remove(uid: string): OrganizationConfiguration | undefined {
    const organization = this.byUid.get(uid)?.organization;
    if (organization === undefined) return undefined;
    this.byUid.delete(uid);
    this.byName.delete(organization.name);
    this.byMirrorHost.delete(mirrorHostOf(organization));
    const registry = mirroredRegistry(organization) ?? '';
    const sharers = this.byRegistry.get(registry);
    sharers?.delete(organization);
    if (sharers?.size === 0) this.byRegistry.delete(registry);
    for (const identity of identitiesOf(organization)) {
      const rest = (this.identities.get(identity) ?? 0) - 1;
      if (rest > 0) this.identities.set(identity, rest);
      else this.identities.delete(identity);
    }
    return organization;
  }
}

function identitiesOf(organization: OrganizationConfiguration | undefined): readonly string[] {
  return organization?.proxyCache?.upstreamIdentities ?? [];
}

/** Returns the lower-case mirror host, or an empty string if there is none. */
function mirrorHostOf({ proxyCache }: OrganizationConfiguration): string {
  return proxyCache?.mirrorHost.toLowerCase() ?? '';
}
