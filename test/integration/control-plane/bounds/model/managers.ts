import type { Action } from './actions';
import type { HistoryState } from './history-state';
import type { ModelOrganization, ModelQuota } from './model-organization';
import * as Tag from './tag-versions';
import { upstreamName } from './upstream-images';

/**
 * Time after an interrupted collection after which the next one finishes its deletions, in
 * milliseconds (STUCK_MS of delete-blobs.ts).
 */
export const STUCK_MS = 300_000;

/** The changes that users and the control plane itself make, through GraphQL. */
export class Managers {
  constructor(private readonly state: HistoryState) {}

  async manageOrganization(
    action: Extract<Action, { kind: 'quota' | 'expiration' | 'delete' | 'restore' | 'purge' | 'namespace' }>,
    organization: ModelOrganization,
  ): Promise<void> {
    const { graphql } = this.state.stage.layover;
    const { name, lifetime } = organization.traits;
    const { now } = this.state;
    switch (action.kind) {
      case 'quota':
        await this.patch(name, { quota: quotaInput(action.quota) });
        organization.quota = action.quota;
        organization.allowance = Infinity;
        return;
      case 'namespace':
        organization.namespace = organization.namespace === '' ? 'alt' : '';
        await this.patch(name, { proxyCache: this.proxyCache(organization) });
        return organization.forgetAll();
      case 'purge':
        await graphql.run(
          'mutation ($name: String!, $repository: String!) { purgeRepository(organization: $name, repository: $repository) }',
          { name, repository: action.repository },
        );
        return organization.changeAll([() => []], action.repository);
      case 'delete': {
        const { deleteTag } = await graphql.run<{ deleteTag: boolean }>(
          'mutation ($name: String!, $repository: String!, $tag: String!) { deleteTag(organization: $name, repository: $repository, tag: $tag) }',
          { name, repository: action.repository, tag: action.tag },
        );
        const active = this.activeDigest(organization, action);
        if (deleteTag !== (active !== undefined))
          throw new Error(`deleteTag returned ${deleteTag}, but the active version was ${active}`);
        if (active !== undefined)
          organization.change(action.repository, action.tag, (versions) => Tag.deleted(versions, now));
        return;
      }
      case 'expiration': {
        if (this.activeDigest(organization, action) === undefined) return;
        const expiresAt = action.after === undefined ? undefined : now + action.after;
        await graphql.run(
          `mutation ($name: String!, $repository: String!, $tag: String!, $at: DateTime) {
            setTagExpiration(organization: $name, repository: $repository, tag: $tag, expiresAt: $at) { expiresAt } }`,
          {
            name,
            repository: action.repository,
            tag: action.tag,
            at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
          },
        );
        return organization.change(action.repository, action.tag, (versions) =>
          Tag.expirationSet(versions, expiresAt, now),
        );
      }
      case 'restore': {
        const versions = organization.candidates(action.repository, action.tag)[0]!;
        const version = versions[action.version % Math.max(1, versions.length)];
        if (version === undefined) return;
        const restoring = graphql.run(
          `mutation ($name: String!, $repository: String!, $tag: String!, $digest: Digest!) {
            restoreTag(organization: $name, repository: $repository, tag: $tag, digest: $digest) { expiresAt } }`,
          { name, repository: action.repository, tag: action.tag, digest: version.digest },
        );
        if (this.isOver(organization, versions, version.digest)) return refusedAsNotFound(restoring);
        await restoring;
        this.state.count('restores');
        organization.change(action.repository, action.tag, (before) =>
          Tag.restored(before, version.digest, now, lifetime),
        );
      }
    }
  }

  async removeOrCreate(organization: ModelOrganization): Promise<boolean> {
    if (organization?.present === true) {
      await this.state.stage.layover.graphql.run('mutation ($name: String!) { deleteOrganization(name: $name) }', {
        name: organization.traits.name,
      });
      organization.present = false;
      organization.quota = undefined;
      organization.forgetAll();
    } else await this.create(organization);
    return false;
  }

  async create(organization: ModelOrganization): Promise<void> {
    const { name, timeMachine } = organization.traits;
    await this.state.stage.layover.graphql.run(
      'mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }',
      {
        input: { name, timeMachineSeconds: timeMachine / 1000, proxyCache: this.proxyCache(organization) },
      },
    );
    organization.present = true;
  }

  async collect(): Promise<void> {
    await this.state.stage.layover.graphql.run('mutation { collectGarbage { blobsDeleted manifestsDeleted } }');
    for (const organization of this.state.organizations)
      organization.changeAll([(versions) => Tag.collected(versions, this.state.now, organization.traits.timeMachine)]);
    if (this.state.cutOffAt !== undefined && this.state.now >= this.state.cutOffAt + STUCK_MS)
      this.state.cutOffAt = undefined;
    this.state.count('collections');
  }

  /**
   * Returns whether the time machine no longer keeps the version to restore, so that it can be
   * collected at any time.
   */
  private isOver(organization: ModelOrganization, versions: Tag.Versions, digest: string): boolean {
    const { now } = this.state;
    const live = versions.find((version) => version.live);
    const restored = live?.digest === digest ? live : versions.findLast((each) => !each.live && each.digest === digest);
    const leftAt = restored && Tag.leftAt(restored, now);
    return leftAt !== undefined && leftAt <= now - organization.traits.timeMachine;
  }

  private activeDigest(
    organization: ModelOrganization,
    { repository, tag }: { readonly repository: string; readonly tag: string },
  ): string | undefined {
    const live = organization.candidates(repository, tag)[0]!.find((version) => version.live);
    return live !== undefined && !Tag.isExpired(live, this.state.now) ? live.digest : undefined;
  }

  private proxyCache({ namespace, traits }: ModelOrganization): object {
    return {
      upstream: upstreamName(this.state.stage.upstream.host, namespace).replace(/\/$/, ''),
      insecure: true,
      expirationSeconds: traits.lifetime / 1000,
      revalidateAfterSeconds: traits.revalidateAfter / 1000,
      onUpstreamDelete: traits.keep ? 'KEEP' : 'PROPAGATE',
    };
  }

  private async patch(name: string, input: object): Promise<void> {
    await this.state.stage.layover.graphql.run(
      'mutation ($name: String!, $input: OrganizationPatch!) { updateOrganization(name: $name, input: $input) { version } }',
      { name, input },
    );
  }
}

function quotaInput(quota: ModelQuota | undefined): object | null {
  if (quota === undefined) return null;
  return { limitBytes: String(quota.limit), autoPrune: quota.autoPrune, onOversize: quota.onOversize };
}

/** Throws an Error unless the operation fails with NOT_FOUND. */
async function refusedAsNotFound(operation: Promise<unknown>): Promise<void> {
  const answer = await operation.then(
    () => 'done',
    (error: unknown) => String(error),
  );
  if (!answer.includes('"NOT_FOUND"')) throw new Error(`a version past its retention was restored: ${answer}`);
}
