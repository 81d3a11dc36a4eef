import type { Clock } from '../../../../common/runtime/clock';
import type { RepositoryRow, TagRow } from '../../../../schema/tables';
import { newAuditEvent } from '../../audit/audit-event';
import type { AuditKind } from '../../audit/audit-kind';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Database, Queries } from '../../db/database';
import { ApiError } from '../../errors/api-error';
import type { OrganizationStore } from '../../tenancy/organizations/organization.store';
import { isActive, TagChange } from '../content/tag-life';

/** The dependencies of {@link TagService}. */
export interface TagServiceParts {
  readonly database: Database;
  readonly stores: ContentStores;
  readonly organizations: OrganizationStore;
  readonly clock: Clock;
}

/** The full name of a tag, as used in the API. */
export interface TagName {
  readonly organization: string;
  readonly repository: string;
  readonly tag: string;
}

interface Found {
  readonly origin: Origin;
  readonly repository: RepositoryRow;
}

/**
 * Changes cached tags on request. Each change is one transaction with its audit event, and tells
 * data planes to forget the tag.
 */
export class TagService {
  constructor(private readonly parts: TagServiceParts) {}

  /**
   * Sets when a tag expires, until its next pull resets the expiration. undefined means never.
   * Throws NOT_FOUND if the tag is not active, and BAD_USER_INPUT if the time is in the past.
   */
  setExpiration(name: TagName, expiresAt: number | undefined, actor: string): Promise<TagRow> {
    return this.change(name, async (queries, { repository, origin }, now) => {
      if (expiresAt !== undefined && expiresAt <= now)
        throw new ApiError(
          'BAD_USER_INPUT',
          'expiresAt is in the past. Use a future time, or deleteTag to end the tag now.',
          'expiresAt',
        );
      const live = await this.live(queries, repository, name, now);
      const event = { kind: 'EXPIRATION_SET', at: now, expiresAt: expiresAt ?? null } as const;
      const tag = await this.apply(queries, TagChange.of(live, event), live);
      await this.record(queries, 'TAG_EXPIRATION_SET', origin, name, live.digest, actor, now, {
        from: live.expires_at === null ? null : new Date(live.expires_at).toISOString(),
        to: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
      });
      return tag;
    });
  }

  /**
   * Moves the active version of a tag into the time machine. Returns false if there is none. The
   * next pull asks the upstream again.
   */
  async delete(name: TagName, actor: string): Promise<boolean> {
    try {
      await this.change(name, async (queries, { repository, origin }, now) => {
        const live = await this.live(queries, repository, name, now);
        await this.apply(queries, TagChange.of(live, { kind: 'DELETED', at: now }), live);
        await this.record(queries, 'TAG_DELETED', origin, name, live.digest, actor, now, { deletedBy: actor });
        return live;
      });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'NOT_FOUND') return false;
      throw error;
    }
  }

  /**
   * Restores a version of a tag from the time machine and moves the active version there. The
   * restored version counts as checked now and expires as after a pull. Throws NOT_FOUND if the
   * time machine has no such version or no longer keeps it. An active tag with this digest does not
   * change.
   */
  restore(name: TagName, digest: string, actor: string): Promise<TagRow> {
    return this.change(name, async (queries, { repository, origin }, now) => {
      const { tags } = this.parts.stores;
      const live = await tags.lockLive(queries, repository.id, name.tag);
      const active = live !== undefined && isActive(live, now) ? live : undefined;
      if (active?.digest === digest) return active;
      const version =
        live?.digest === digest ? live : (await tags.findEnded(queries, repository.id, name.tag, digest))[0];
      const restored =
        version &&
        TagChange.of(version, {
          kind: 'RESTORED',
          at: now,
          windowSeconds: origin.timeMachineSeconds,
          expirationSeconds: origin.expirationSeconds ?? 0,
        });
      if (restored === undefined)
        throw new ApiError(
          'NOT_FOUND',
          `The time machine has no version of tag '${name.tag}' with digest ${digest}.`,
          'digest',
        );
      if (live !== undefined && live.id !== restored.before.id)
        await this.apply(queries, TagChange.of(live, { kind: 'DISPLACED', at: now }), live);
      await tags.update(queries, restored);
      await this.parts.stores.manifests.used(queries, restored.after.manifest_id, now);
      await this.record(queries, 'TAG_RESTORED', origin, name, digest, actor, now, {
        from: active?.digest ?? null,
        to: digest,
      });
      return restored.after;
    });
  }

  private async change(
    name: TagName,
    work: (queries: Queries, found: Found, now: number) => Promise<TagRow>,
  ): Promise<TagRow> {
    const { database, stores, organizations, clock } = this.parts;
    return database.transaction(async (queries) => {
      const organization = await organizations.findByName(queries, name.organization);
      const origin = organization && (await stores.origins.lock(queries, organization.uid));
      const repository =
        origin && (await stores.repositories.findByName(queries, origin.organizationUid, name.repository));
      if (repository === undefined)
        throw new ApiError(
          'NOT_FOUND',
          `Repository '${name.repository}' of organization '${name.organization}' has no cached content.`,
          organization === undefined ? 'organization' : 'repository',
        );
      const now = clock.now();
      const changed = await work(queries, { origin: origin!, repository }, now);
      const { organizationUid } = origin!;
      await stores.invalidations.append(
        queries,
        [{ organizationUid, repository: repository.name, tag: name.tag, digest: '' }],
        now,
      );
      return changed;
    });
  }

  private async live(queries: Queries, repository: RepositoryRow, { tag }: TagName, now: number): Promise<TagRow> {
    const live = await this.parts.stores.tags.lockLive(queries, repository.id, tag);
    if (live === undefined || !isActive(live, now))
      throw new ApiError('NOT_FOUND', `Repository '${repository.name}' has no active tag '${tag}'.`, 'tag');
    return live;
  }

  /** Writes a change, if there is one, and returns the version after it. */
  private async apply(queries: Queries, change: TagChange | undefined, tag: TagRow): Promise<TagRow> {
    if (change === undefined) return tag;
    await this.parts.stores.tags.update(queries, change);
    return change.after;
  }

  private async record(
    queries: Queries,
    kind: Extract<AuditKind, 'TAG_EXPIRATION_SET' | 'TAG_DELETED' | 'TAG_RESTORED'>,
    origin: Origin,
    name: TagName,
    digest: string,
    actor: string,
    at: number,
    detail: object,
  ): Promise<void> {
    await this.parts.stores.audit.append(queries, [
      newAuditEvent({
        kind,
        at,
        actor,
        organization: { uid: origin.organizationUid, name: origin.organizationName },
        repository: name.repository,
        reference: name.tag,
        digest,
        detail,
      }),
    ]);
  }
}
