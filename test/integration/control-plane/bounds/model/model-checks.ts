import type { Clients } from './clients';
import type { HistoryState } from './history-state';
import { contentProblems, type Moment, retentionProblems, usageProblems } from './invariants';
import { type ModelOrganization, show } from './model-organization';
import { showOrganization, type ShownTag } from './shown';
import * as Tag from './tag-versions';
import type { OwnedContent } from './tables';
import { REPOSITORIES, TAGS } from './upstream-images';

/**
 * Time after a request in which an image with missing blobs is not evicted, in milliseconds
 * (ARRIVING_MS of plan-eviction.ts).
 */
const ARRIVING_MS = 30_000;

/** Compares a history with its model. */
export class ModelChecks {
  private checks = 0;
  /** Ids of audit events that the model contains. */
  private readonly evictions = new Set<string>();

  constructor(
    private readonly state: HistoryState,
    private readonly clients: Clients,
  ) {}

  /** Waits until all activity has ended and compares everything with the model. */
  async check(collected: boolean): Promise<void> {
    const { stage } = this.state;
    await stage.quiet();
    if (!this.state.controlUp) return;
    const before = this.state.tables;
    const tables = await stage.tables.content();
    this.state.tables = tables;
    await this.takeEvictions(tables);
    const moment: Moment = {
      now: this.state.now,
      tables,
      before,
      blobFolder: stage.layover.home.blobs,
      mayHaveOrphans: this.state.dataDied,
      mayBeDeleting: this.state.cutOffAt !== undefined,
    };
    const { problems, sums } = await contentProblems(moment);
    for (const organization of this.state.organizations) {
      const shown = await showOrganization(stage.layover.graphql, organization.traits.name);
      if ((shown !== undefined) !== organization.present)
        problems.push(`${organization.traits.name} ${shown ? 'exists' : 'does not exist'}`);
      if (shown === undefined) continue;
      problems.push(...usageProblems(organization, shown, moment, sums));
      problems.push(...this.tagProblems(organization, shown.repositories));
      problems.push(...this.limitProblems(organization, shown.usage.used + shown.usage.reserved, collected));
    }
    problems.push(...this.incomplete(tables));
    if (collected) problems.push(...retentionProblems(this.state.organizations, moment));
    if (problems.length > 0) throw new Error(problems.join('\n'));
    this.state.racing.clear();
    await this.pullWithoutUpstream();
  }

  /** Checks that completion has filled an image whose manifest a client requested. */
  private incomplete(tables: OwnedContent): string[] {
    const { whole } = this.state;
    this.state.whole = undefined;
    if (whole === undefined || !this.state.held(whole.organization, whole.repository).has(whole.digest)) return [];
    const present = new Set(tables.blobs.filter(({ state }) => state === 'PRESENT').map(({ digest }) => digest));
    return [...this.state.stage.images.blobsOf(whole.digest).keys()]
      .filter((digest) => !present.has(digest))
      .map((digest) => `${digest} of ${whole.digest} is not cached although its image was pulled`);
  }

  /**
   * Applies evictions in the audit log to the model. The model decides whether they are allowed.
   */
  private async takeEvictions(tables: OwnedContent): Promise<void> {
    for (const event of await this.state.stage.tables.events('QUOTA_EVICTED')) {
      if (this.evictions.has(event.id)) continue;
      this.evictions.add(event.id);
      this.state.count('evictions');
      const organization = this.state.organizations.find(({ traits }) => traits.name === event.organization);
      const isPresent = tables.owners.some(({ uid }) => uid === event.organization_uid);
      if (organization === undefined || !isPresent) continue;
      const gone = (versions: Tag.Versions): Tag.Versions => Tag.evicted(versions, event.digest!);
      const racing = this.state.racing.has(`${event.organization} ${event.repository} ${event.digest}`);
      organization.changeAll(racing ? [(versions) => versions, gone] : [gone], event.repository!);
    }
  }

  private tagProblems(
    organization: ModelOrganization,
    repositories: readonly { readonly name: string; readonly tags: readonly ShownTag[] }[],
  ): string[] {
    return REPOSITORIES.flatMap((repository) =>
      TAGS.flatMap((tag) => {
        const shown = (repositories.find(({ name }) => name === repository)?.tags ?? []).filter(
          ({ name }) => name === tag,
        );
        if (organization.agree(repository, tag, shown, this.state.now)) return [];
        const model = organization.candidates(repository, tag).map((versions) => show(versions, this.state.now));
        return [
          `${organization.traits.name}/${repository}:${tag} at ${this.state.now} is ${JSON.stringify(shown)}, the model expects ${JSON.stringify(model)}`,
        ];
      }),
    );
  }

  private limitProblems(organization: ModelOrganization, total: number, collected: boolean): string[] {
    const { quota, traits } = organization;
    if (quota === undefined || !this.state.quotasOn || total <= quota.limit) {
      organization.allowance = quota?.onOversize === 'OVERFLOW' || !this.state.quotasOn ? Infinity : 0;
      return [];
    }
    const allowed = Math.max(quota.limit, organization.allowance);
    if (quota.onOversize !== 'OVERFLOW') organization.allowance = Math.min(organization.allowance, total);
    if (total > allowed) return [`${traits.name}: ${total} bytes used and reserved, but only ${allowed} allowed`];
    const { now } = this.state;
    const arriving = this.state.tables!.manifests.some(({ used_at }) => used_at > now - ARRIVING_MS);
    if (collected && quota.autoPrune && quota.onOversize !== 'OVERFLOW' && !arriving)
      return [`${traits.name}: ${total} bytes exceed ${quota.limit} after a collection`];
    return [];
  }

  /**
   * Pulls all active and complete tags while the upstream is down. Covers one organization in turn
   * at every second check.
   */
  private async pullWithoutUpstream(): Promise<void> {
    const { stage } = this.state;
    const wasDown = stage.upstreamDown;
    stage.setUpstream(true);
    try {
      const organization = this.state.organizations[(this.checks += 1) % 4];
      if (organization?.present === true) {
        const shown = await showOrganization(stage.layover.graphql, organization.traits.name);
        for (const { name: repository, tags } of shown!.repositories)
          for (const tag of tags.filter(({ leftAt, complete }) => leftAt === undefined && complete))
            await this.clients.pullStale(organization, repository, tag);
      }
    } finally {
      stage.setUpstream(wasDown);
    }
  }
}
