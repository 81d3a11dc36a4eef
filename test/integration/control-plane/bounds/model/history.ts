import { type Action, SOON_MS } from './actions';
import type { BoundsStage } from './bounds-stage';
import { Clients } from './clients';
import { HistoryState } from './history-state';
import { ModelChecks } from './model-checks';
import { Managers, STUCK_MS } from './managers';
import { Outages } from './outages';
import * as Tag from './tag-versions';
import { NAMESPACES, REPOSITORIES, TAGS, upstreamName } from './upstream-images';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/**
 * Plays one history on a stage and compares the planes with the model after every step. Every
 * method throws an Error for a difference.
 */
export class History {
  readonly state: HistoryState;
  private readonly clients: Clients;
  private readonly managers: Managers;
  private readonly outages: Outages;
  private readonly checks: ModelChecks;

  constructor(stage: BoundsStage) {
    this.state = new HistoryState(stage);
    this.clients = new Clients(this.state, () => this.checks.check(false));
    this.managers = new Managers(this.state);
    this.outages = new Outages(this.state);
    this.checks = new ModelChecks(this.state, this.clients);
  }

  async begin(): Promise<void> {
    const { upstream, images } = this.state.stage;
    for (const namespace of NAMESPACES)
      for (const repository of REPOSITORIES)
        TAGS.forEach((tag, index) => {
          const { digest } = images.all[index === 2 ? images.images.length : index]!;
          upstream.content.setTag(upstreamName(namespace, repository), tag, digest);
        });
    for (const organization of this.state.organizations) await this.managers.create(organization);
    await this.checks.check(false);
  }

  async play(action: Action): Promise<void> {
    await this.state.stage.layover.advance(SECOND);
    // Records of the outage must be delivered before the next action, because the model already
    // contains them.
    if (await this.outages.endOutages()) await this.checks.check(false);
    const collected = await this.act(action);
    if (!['push', 'drop', 'upstream'].includes(action.kind)) await this.checks.check(collected);
  }

  /** Starts both planes, lets all retention times end, and checks that no content is left. */
  async end(): Promise<void> {
    await this.play({ kind: 'upstream', down: false });
    await this.play({ kind: 'control', up: true, kill: false });
    await this.play({ kind: 'collect', after: STUCK_MS + SECOND });
    for (const organization of this.state.organizations) {
      for (const { repository, tag, candidates } of organization.tags())
        if (candidates.some((versions) => versions.some(({ live, expiresAt }) => live && expiresAt === undefined)))
          await this.play({
            kind: 'delete',
            organization: this.state.organizations.indexOf(organization),
            repository,
            tag,
          });
    }
    await this.play({ kind: 'time', milliseconds: 40 * 24 * HOUR });
    await this.play({ kind: 'collect', after: 0 });
    await this.play({ kind: 'collect', after: 2 * STUCK_MS });
    const { manifests, tags, blobs } = this.state.tables!;
    if (manifests.length + tags.length + blobs.length > 0)
      throw new Error(`content is left at the end: ${JSON.stringify({ manifests, tags, blobs })}`);
  }

  /** Performs an action. Returns true if it was a complete collection. */
  private async act(action: Action): Promise<boolean> {
    const { layover, upstream, images } = this.state.stage;
    switch (action.kind) {
      case 'pull':
        return this.clients.pull(action, 'GET');
      case 'head':
        return this.clients.pull(action, 'HEAD');
      case 'digest': {
        const { digest } = images.all[action.image]!;
        return this.clients.pull(action, 'GET', digest);
      }
      case 'index':
        return this.clients.pullIndex(action);
      case 'many':
        await this.clients.pullMany(action.pulls);
        return false;
      case 'push':
        upstream.content.setTag(
          upstreamName(NAMESPACES[action.upstream]!, action.repository),
          action.tag,
          images.all[action.image]!.digest,
        );
        return false;
      case 'drop':
        upstream.content.deleteTag(upstreamName(NAMESPACES[action.upstream]!, action.repository), action.tag);
        return false;
      case 'upstream':
        this.state.stage.setUpstream(action.down);
        return false;
      case 'time':
        await layover.advance(action.milliseconds);
        return false;
      case 'control':
        await this.outages.setControl(action.up, action.kill);
        return false;
      case 'restart':
        await this.outages.restart(action.plane);
        return false;
      case 'crash':
        await this.outages.crash(action.plane, action.afterMs, () => this.clients.pullMany(action.pulls));
        return false;
      default:
        return this.state.controlUp ? this.manage(action) : false;
    }
  }

  private async manage(
    action: Extract<
      Action,
      {
        kind:
          | 'quota'
          | 'quotas'
          | 'expiration'
          | 'delete'
          | 'restore'
          | 'purge'
          | 'namespace'
          | 'organization'
          | 'collect'
          | 'collectCrash';
      }
    >,
  ): Promise<boolean> {
    const { graphql } = this.state.stage.layover;
    switch (action.kind) {
      case 'quotas':
        await graphql.run(
          'mutation ($on: Boolean!) { updateSystemSettings(input: {quotaManagementEnabled: $on}) { version } }',
          {
            on: action.on,
          },
        );
        this.state.quotasOn = action.on;
        for (const organization of this.state.organizations) organization.allowance = Infinity;
        return false;
      case 'collect':
        await this.state.stage.layover.advance(action.after);
        // Sometimes collects while other work is running. Otherwise waits until the data plane has
        // reported everything, so that no deletion is postponed.
        if (action.after !== SOON_MS) await this.state.stage.quiet();
        await this.managers.collect();
        return true;
      case 'collectCrash':
        await this.state.stage.layover.advance(70 * SECOND);
        await this.outages.crash(action.plane, action.afterMs, async () => {
          this.state.cutOffAt = this.state.now;
          const { now } = this.state;
          await graphql.run('mutation { collectGarbage { blobsDeleted } }').catch(() => undefined);
          for (const { changeAll, traits } of this.state.organizations.map((one) => ({
            changeAll: one.changeAll.bind(one),
            traits: one.traits,
          })))
            changeAll([(versions) => versions, (versions) => Tag.collected(versions, now, traits.timeMachine)]);
        });
        return false;
      default: {
        const organization = this.state.organizations[action.organization]!;
        if (action.kind === 'organization') return this.managers.removeOrCreate(organization);
        if (organization.present) await this.managers.manageOrganization(action, organization);
        return false;
      }
    }
  }
}
