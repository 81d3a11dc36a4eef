import type { Clock } from '../../../../common/runtime/clock';
import type { SealedBox } from '../../../../common/security/sealed-box';
import { newAuditEvent } from '../../audit/audit-event';
import type { AuditStore } from '../../audit/audit.store';
import type { ConfigurationRevision } from '../settings/configuration-revision';
import type { Database, Queries } from '../../db/database';
import { isDuplicate } from '../../db/database-error';
import { ApiError } from '../../errors/api-error';
import { newId } from '../../db/new-id';
import { type ChangeAuthor, requireManagerMayChange } from './admin-changes';
import { nextProxyCache } from './next-proxy-cache';
import type { DesiredPatch, DesiredSettings, Organization } from './organization';
import { describeSettings, findChanges } from './organization-changes';
import type { OrganizationContent } from './organization-content';
import type { OrganizationStore } from './organization.store';
import type { DesiredProxyCache, ProxyCache } from './proxy-cache';
import { type AccountIdentities, identitiesOf } from './upstream-identities';

/** The dependencies of {@link OrganizationService}. */
export interface OrganizationServiceParts {
  readonly database: Database;
  readonly organizations: OrganizationStore;
  readonly audit: AuditStore;
  readonly revision: ConfigurationRevision;
  readonly content: OrganizationContent;
  readonly box: SealedBox;
  readonly identities: AccountIdentities;
  readonly clock: Clock;
}

/**
 * Creates, changes and deletes organizations. Each change is one transaction with its audit event
 * and a new revision of the configuration.
 */
export class OrganizationService {
  constructor(private readonly parts: OrganizationServiceParts) {}

  /** Creates an organization. Throws CONFLICT if its name or mirror host is taken. */
  create(name: string, desired: DesiredSettings, author: ChangeAuthor): Promise<Organization> {
    return this.change(async (queries) => {
      if ((await this.parts.organizations.lockByName(queries, name)) !== undefined)
        throw new ApiError('CONFLICT', `Organization '${name}' already exists.`, 'input.name');
      requireMayCreate(name, author);
      return this.insert(queries, name, desired, author);
    });
  }

  /**
   * Applies a patch. Throws NOT_FOUND, VERSION_CONFLICT, CONFLICT, or FORBIDDEN for a change that
   * only an administrator may make.
   */
  async update(
    name: string,
    patch: DesiredPatch,
    expectedVersion: number | undefined,
    author: ChangeAuthor,
  ): Promise<Organization> {
    const organization = await this.change(async (queries) => {
      const current = await this.parts.organizations.lockByName(queries, name);
      if (current === undefined) throw new ApiError('NOT_FOUND', `Organization '${name}' does not exist.`, 'name');
      checkVersion(current, expectedVersion);
      const { proxyCache, quota, scanPolicy, ...rest } = patch;
      const next: Organization = {
        ...current,
        ...rest,
        proxyCache:
          proxyCache === undefined
            ? current.proxyCache
            : this.proxyCache(current, current.uid, proxyCache ?? undefined),
        quota: quota === undefined ? current.quota : (quota ?? undefined),
        scanPolicy: scanPolicy === undefined ? current.scanPolicy : (scanPolicy ?? undefined),
      };
      return this.replace(queries, current, next, author);
    });
    await this.enforceQuota(organization);
    return organization;
  }

  /**
   * Sets the organization to `desired`, and creates it if it does not exist. Repeating the call
   * changes nothing. Throws VERSION_CONFLICT (an organization that does not exist has version 0),
   * CONFLICT, or FORBIDDEN for a change that only an administrator may make.
   */
  async apply(
    name: string,
    desired: DesiredSettings,
    expectedVersion: number | undefined,
    author: ChangeAuthor,
  ): Promise<Organization> {
    const organization = await this.change(async (queries) => {
      const current = await this.parts.organizations.lockByName(queries, name);
      if (current === undefined) {
        if (expectedVersion !== undefined && expectedVersion !== 0)
          throw new ApiError(
            'VERSION_CONFLICT',
            `Organization '${name}' does not exist, so its version is 0, not ${expectedVersion}.`,
            'expectedVersion',
          );
        requireMayCreate(name, author);
        return this.insert(queries, name, desired, author);
      }
      checkVersion(current, expectedVersion);
      const proxyCache = this.proxyCache(current, current.uid, desired.proxyCache);
      return this.replace(queries, current, { ...current, ...desired, proxyCache }, author);
    });
    await this.enforceQuota(organization);
    return organization;
  }

  /**
   * Deletes an organization. Returns false if it does not exist. Its cached content ends now and is
   * collected later. Robots of other organizations lose the right to pull from it. Throws
   * VERSION_CONFLICT.
   */
  delete(name: string, expectedVersion: number | undefined, actor: string): Promise<boolean> {
    return this.change(async (queries) => {
      const current = await this.parts.organizations.lockByName(queries, name);
      if (current === undefined) return false;
      checkVersion(current, expectedVersion);
      const now = this.parts.clock.now();
      const others = await this.parts.organizations.uidsWithGrants(queries, current.uid);
      await this.parts.organizations.delete(queries, current.uid);
      for (const uid of others) await this.parts.revision.bump(queries, { uid });
      await this.parts.content.end(queries, current.uid, now);
      await this.endIdentities(queries, current, undefined, now);
      await this.record(queries, 'ORGANIZATION_DELETED', current, actor, now, { version: current.version });
      return true;
    });
  }

  /**
   * Enforces a lowered limit at once. Evicts for a short time now, and collection evicts the rest.
   */
  private async enforceQuota({ uid, quota, proxyCache }: Organization): Promise<void> {
    if (quota?.autoPrune !== true || proxyCache === undefined) return;
    await this.parts.content.enforceQuota(uid, proxyCache.originVersion);
  }

  /**
   * Retries a transaction that collided with another one on a unique key. The retry sees the
   * other's row and reports the conflict by name.
   */
  private async change<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.parts.database.transaction(work);
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        if (attempt > 1) throw new ApiError('CONFLICT', 'Another change was made at the same time. Try again.');
      }
    }
  }

  private async insert(
    queries: Queries,
    name: string,
    desired: DesiredSettings,
    { actor }: ChangeAuthor,
  ): Promise<Organization> {
    const uid = newId();
    const now = this.parts.clock.now();
    const proxyCache = this.proxyCache(undefined, uid, desired.proxyCache);
    const organization: Organization = {
      ...desired,
      proxyCache,
      uid,
      name,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    await this.checkMirrorHost(queries, organization);
    await this.parts.organizations.insert(queries, organization);
    await this.record(queries, 'ORGANIZATION_CREATED', organization, actor, now, {
      settings: describeSettings(organization),
    });
    return organization;
  }

  private async replace(
    queries: Queries,
    current: Organization,
    next: Organization,
    { actor, isAdmin }: ChangeAuthor,
  ): Promise<Organization> {
    if (!isAdmin) requireManagerMayChange(current, next);
    const changed = findChanges(current, next);
    if (Object.keys(changed).length === 0) return current;
    const now = this.parts.clock.now();
    const organization = { ...next, version: current.version + 1, updatedAt: now };
    await this.checkMirrorHost(queries, organization);
    await this.parts.organizations.update(queries, organization);
    if (organization.proxyCache !== undefined && Object.keys(changed).some((path) => path.startsWith('quota.')))
      await this.parts.content.quotaChanged(queries, organization.proxyCache.originVersion);
    if (current.proxyCache !== undefined && current.proxyCache.originVersion !== next.proxyCache?.originVersion)
      await this.parts.content.end(queries, current.uid, now);
    await this.endIdentities(queries, current, next.proxyCache, now);
    if (organization.proxyCache !== undefined && Object.keys(changed).some((path) => path.startsWith('proxyCache')))
      this.parts.content.rightsChanged(queries, organization.proxyCache.originVersion, now);
    await this.record(queries, 'ORGANIZATION_UPDATED', organization, actor, now, { changed });
    return organization;
  }

  private async endIdentities(
    queries: Queries,
    { proxyCache }: Organization,
    next: ProxyCache | undefined,
    now: number,
  ): Promise<void> {
    if (proxyCache === undefined) return;
    const kept = next === undefined ? [] : identitiesOf(next);
    const ended = identitiesOf(proxyCache).filter((identity) => !kept.includes(identity));
    await this.parts.content.endIdentities(queries, ended, now);
  }

  private async checkMirrorHost(queries: Queries, organization: Organization): Promise<void> {
    const host = organization.proxyCache?.mirrorHost;
    if (host === undefined) return;
    const owner = await this.parts.organizations.nameByMirrorHost(queries, host);
    if (owner !== undefined && owner !== organization.name)
      throw new ApiError(
        'CONFLICT',
        `The mirrorHost '${host}' already belongs to another organization.`,
        'input.proxyCache.mirrorHost',
      );
  }

  private proxyCache(
    current: Organization | undefined,
    organizationUid: string,
    desired: DesiredProxyCache | undefined,
  ): ProxyCache | undefined {
    if (desired === undefined) return undefined;
    const { box, identities, clock } = this.parts;
    const context = { organizationUid, box, identities, newVersion: newId, now: clock.now() };
    return nextProxyCache(current?.proxyCache, desired, context);
  }

  private async record(
    queries: Queries,
    kind: 'ORGANIZATION_CREATED' | 'ORGANIZATION_UPDATED' | 'ORGANIZATION_DELETED',
    organization: Organization,
    actor: string,
    at: number,
    detail: object,
  ): Promise<void> {
    await this.parts.revision.bump(queries, organization);
    await this.parts.audit.append(queries, [newAuditEvent({ kind, at, actor, organization, detail })]);
  }
}

/**
 * Throws FORBIDDEN if the author is a manager. An organization can be deleted after the request of
 * its manager was authorized, and rules that compare it with its present settings do not apply.
 */
function requireMayCreate(name: string, { isAdmin }: ChangeAuthor): void {
  if (isAdmin) return;
  throw new ApiError(
    'FORBIDDEN',
    `Organization '${name}' does not exist, and creating it requires a token of role ADMIN.`,
    'input.name',
  );
}

function checkVersion(current: Organization, expected: number | undefined): void {
  if (expected !== undefined && expected !== current.version)
    throw new ApiError(
      'VERSION_CONFLICT',
      `Organization '${current.name}' has version ${current.version}, not ${expected}. Read it again and repeat the change.`,
      'expectedVersion',
    );
}
