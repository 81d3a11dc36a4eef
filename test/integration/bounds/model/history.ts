import { setTimeout as pause } from 'node:timers/promises';
import type { ClockedPlaneName } from '../../../support/clocked/plane-messages';
import type { Action, PullAction } from './actions';
import type { BoundsStage } from './bounds-stage';
import { contentProblems, type Moment, retentionProblems, usageProblems } from './invariants';
import { ModelOrganization, type ModelQuota, show } from './model-organization';
import { pull, type Pulled } from './pull';
import { applyAnswer, type Asked, type Circumstances, requireRight, rightAnswers } from './pull-effects';
import { showOrganization, type ShownTag } from './shown';
import * as Tag from './tag-versions';
import type { ContentTables } from './tables';
import { NAMESPACES, REPOSITORIES, TAGS, upstreamName } from './upstream-images';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** Steps that a part is away for at most. */
const OUTAGE_STEPS = 4;
/** How long after a collection that was cut off the next one finishes its deletions (STUCK_MS of delete-blobs.ts). */
const STUCK_MS = 300 * SECOND;
/** How long after it was asked for an image of which blobs are missing is not evicted (ARRIVING_MS of plan-eviction.ts). */
const ARRIVING_MS = 30 * SECOND;

/** Plays one history on a stage and holds the model up against it after every step. Every method throws an Error for what is wrong. */
export class History {
  readonly organizations: readonly ModelOrganization[] = [
    new ModelOrganization({
      name: 'one',
      lifetime: 24 * HOUR,
      timeMachine: 336 * HOUR,
      revalidateAfter: 0,
      keep: false,
    }),
    new ModelOrganization({
      name: 'two',
      lifetime: HOUR,
      timeMachine: 2 * HOUR,
      revalidateAfter: 60 * SECOND,
      keep: true,
    }),
  ];
  /** What came about, for who wants to know whether histories reach everything. */
  readonly counts = new Map<string, number>();
  private quotasOn = true;
  private looks = 0;
  /** Steps since a part went away. */
  private outage = 0;
  /** An image that is whole at the next look, unless it was evicted: its manifest was given out while everything was there. */
  private whole:
    { readonly organization: ModelOrganization; readonly repository: string; readonly digest: string } | undefined;
  private tables: ContentTables | undefined;
  private readonly evictions = new Set<string>();
  /** Manifests that were pulled since the last look, `<organization> <repository> <digest>`; several at once, or later recorded. */
  private readonly racing = new Set<string>();
  private dataDied = false;
  private cutOffAt: number | undefined;

  constructor(private readonly stage: BoundsStage) {}

  async begin(): Promise<void> {
    const { upstream, images } = this.stage;
    for (const namespace of NAMESPACES)
      for (const repository of REPOSITORIES)
        TAGS.forEach((tag, index) => {
          const { digest } = images.all[index === 2 ? images.images.length : index]!;
          upstream.content.setTag(upstreamName(namespace, repository), tag, digest);
        });
    for (const organization of this.organizations) await this.create(organization);
    await this.look(false);
  }

  async play(action: Action): Promise<void> {
    await this.stage.layover.advance(SECOND);
    await this.endOutages();
    const collected = await this.act(action);
    if (!['push', 'drop', 'upstream'].includes(action.kind)) await this.look(collected);
  }

  /** Both planes are there, the windows of everything are over: nothing is left but what never had one. */
  async end(): Promise<void> {
    await this.play({ kind: 'upstream', down: false });
    await this.play({ kind: 'control', up: true, kill: false });
    await this.play({ kind: 'collect', after: STUCK_MS + SECOND });
    for (const organization of this.organizations) {
      for (const { repository, tag, worlds } of organization.tags())
        if (worlds.some((versions) => versions.some(({ live, expiresAt }) => live && expiresAt === undefined)))
          await this.play({ kind: 'delete', organization: this.organizations.indexOf(organization), repository, tag });
    }
    await this.play({ kind: 'time', milliseconds: 40 * 24 * HOUR });
    await this.play({ kind: 'collect', after: 0 });
    await this.play({ kind: 'collect', after: 2 * STUCK_MS });
    const { manifests, tags, blobs } = this.tables!;
    if (manifests.length + tags.length + blobs.length > 0)
      throw new Error(`left at the end: ${JSON.stringify({ manifests, tags, blobs })}`);
  }

  /** Nothing is away for long: most of a history is about what the parts do together. */
  private async endOutages(): Promise<void> {
    this.outage = this.controlUp && !this.stage.upstreamDown ? 0 : this.outage + 1;
    if (this.outage <= OUTAGE_STEPS) return;
    this.stage.setUpstream(false);
    await this.setControl(true, false);
  }

  private get now(): number {
    return this.stage.layover.now;
  }

  private get controlUp(): boolean {
    return this.stage.layover.isRunning('control');
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Does it; true = a whole collection was made. */
  private async act(action: Action): Promise<boolean> {
    const { layover, upstream, images } = this.stage;
    switch (action.kind) {
      case 'pull':
        return this.pull(action, 'GET');
      case 'head':
        return this.pull(action, 'HEAD');
      case 'digest': {
        const { digest } = images.all[action.image]!;
        return this.pull(action, 'GET', digest);
      }
      case 'index':
        return this.pullIndex(action);
      case 'many':
        await this.pullMany(action.pulls);
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
        this.stage.setUpstream(action.down);
        return false;
      case 'time':
        await layover.advance(action.milliseconds);
        return false;
      case 'control':
        await this.setControl(action.up, action.kill);
        return false;
      case 'restart':
        await this.restart(action.plane);
        return false;
      case 'crash':
        await this.crash(action.plane, action.afterMs, () => this.pullMany(action.pulls));
        return false;
      default:
        return this.controlUp ? this.manage(action) : false;
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
    const { graphql } = this.stage.layover;
    switch (action.kind) {
      case 'quotas':
        await graphql.run(
          'mutation ($on: Boolean!) { updateSystemSettings(input: {quotaManagementEnabled: $on}) { version } }',
          {
            on: action.on,
          },
        );
        this.quotasOn = action.on;
        for (const organization of this.organizations) organization.allowance = Infinity;
        return false;
      case 'collect':
        await this.stage.layover.advance(action.after);
        await this.collect();
        return true;
      case 'collectCrash':
        await this.stage.layover.advance(70 * SECOND);
        await this.crash(action.plane, action.afterMs, async () => {
          this.cutOffAt = this.now;
          const { now } = this;
          await graphql.run('mutation { collectGarbage { blobsDeleted } }').catch(() => undefined);
          for (const { changeAll, traits } of this.organizations.map((one) => ({
            changeAll: one.changeAll.bind(one),
            traits: one.traits,
          })))
            changeAll([(versions) => versions, (versions) => Tag.collected(versions, now, traits.timeMachine)]);
        });
        return false;
      default: {
        const organization = this.organizations[action.organization]!;
        if (action.kind === 'organization') return this.removeOrCreate(organization);
        if (organization.present) await this.manageOrganization(action, organization);
        return false;
      }
    }
  }

  private async collect(): Promise<void> {
    await this.stage.layover.graphql.run('mutation { collectGarbage { blobsDeleted manifestsDeleted } }');
    for (const organization of this.organizations)
      organization.changeAll([(versions) => Tag.collected(versions, this.now, organization.traits.timeMachine)]);
    if (this.cutOffAt !== undefined && this.now >= this.cutOffAt + STUCK_MS) this.cutOffAt = undefined;
    this.count('collections');
  }

  private async manageOrganization(
    action: Extract<Action, { kind: 'quota' | 'expiration' | 'delete' | 'restore' | 'purge' | 'namespace' }>,
    organization: ModelOrganization,
  ): Promise<void> {
    const { graphql } = this.stage.layover;
    const { name, lifetime } = organization.traits;
    const { now } = this;
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
        if (deleteTag !== (active !== undefined)) throw new Error(`deleteTag gave ${deleteTag}, active was ${active}`);
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
        const versions = organization.worlds(action.repository, action.tag)[0]!;
        const version = versions[action.version % Math.max(1, versions.length)];
        if (version === undefined) return;
        await graphql.run(
          `mutation ($name: String!, $repository: String!, $tag: String!, $digest: Digest!) {
            restoreTag(organization: $name, repository: $repository, tag: $tag, digest: $digest) { expiresAt } }`,
          { name, repository: action.repository, tag: action.tag, digest: version.digest },
        );
        this.count('restores');
        organization.change(action.repository, action.tag, (before) =>
          Tag.restored(before, version.digest, now, lifetime),
        );
      }
    }
  }

  private activeDigest(
    organization: ModelOrganization,
    { repository, tag }: { readonly repository: string; readonly tag: string },
  ): string | undefined {
    const live = organization.worlds(repository, tag)[0]!.find((version) => version.live);
    return live !== undefined && !Tag.isExpired(live, this.now) ? live.digest : undefined;
  }

  private async removeOrCreate(organization: ModelOrganization): Promise<boolean> {
    if (organization?.present === true) {
      await this.stage.layover.graphql.run('mutation ($name: String!) { deleteOrganization(name: $name) }', {
        name: organization.traits.name,
      });
      organization.present = false;
      organization.quota = undefined;
      organization.forgetAll();
    } else await this.create(organization);
    return false;
  }

  private async create(organization: ModelOrganization): Promise<void> {
    const { name, timeMachine } = organization.traits;
    await this.stage.layover.graphql.run(
      'mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }',
      {
        input: { name, timeMachineSeconds: timeMachine / 1000, proxyCache: this.proxyCache(organization) },
      },
    );
    organization.present = true;
  }

  private proxyCache({ namespace, traits }: ModelOrganization): object {
    return {
      upstream: upstreamName(this.stage.upstream.host, namespace).replace(/\/$/, ''),
      insecure: true,
      expirationSeconds: traits.lifetime / 1000,
      revalidateAfterSeconds: traits.revalidateAfter / 1000,
      onUpstreamDelete: traits.keep ? 'KEEP' : 'PROPAGATE',
    };
  }

  private async patch(name: string, input: object): Promise<void> {
    await this.stage.layover.graphql.run(
      'mutation ($name: String!, $input: OrganizationPatch!) { updateOrganization(name: $name, input: $input) { version } }',
      { name, input },
    );
  }

  private async setControl(up: boolean, kill: boolean): Promise<void> {
    const { layover } = this.stage;
    if (up === layover.isRunning('control')) return;
    if (up) await layover.start('control');
    else await layover[kill ? 'kill' : 'stop']('control');
  }

  private async restart(plane: ClockedPlaneName): Promise<void> {
    const { layover } = this.stage;
    if (!layover.isRunning(plane)) return;
    await layover.kill(plane);
    await layover.start(plane);
    if (plane === 'data') this.forgetHints();
  }

  private forgetHints(): void {
    for (const { hints } of this.organizations) hints.clear();
  }

  /** Kills a plane while something goes on, and starts it again when that is over. */
  private async crash(plane: ClockedPlaneName, afterMs: number, work: () => Promise<void>): Promise<void> {
    const { layover } = this.stage;
    if (!layover.isRunning(plane)) return;
    this.count(`crashes of ${plane}`);
    const killed = pause(afterMs).then(() => layover.kill(plane));
    await Promise.all([work(), killed]);
    await layover.start(plane);
    if (plane === 'data') {
      this.dataDied = true;
      this.forgetHints();
    }
  }

  private circumstances(organization: ModelOrganization, asked: Asked, alone: boolean): Circumstances {
    const { upstream } = this.stage;
    const name = upstreamName(organization.namespace, asked.repository);
    return {
      now: this.now,
      upstream: upstream.content.manifest(name, asked.tag ?? asked.digest!)?.digest,
      upstreamDown: this.stage.upstreamDown,
      held: this.held(organization, asked.repository),
      controlUp: this.controlUp,
      alone,
      quotasOn: this.quotasOn,
    };
  }

  /** Manifests that a repository held at the last look. */
  private held({ traits }: ModelOrganization, name: string): ReadonlySet<string> {
    const { owners, repositories, manifests } = this.tables!;
    const origin = owners.find((owner) => owner.name === traits.name)?.origin_version;
    const row = repositories.find(
      (each) => each.origin_version === origin && each.name === name && each.ended_at === null,
    );
    return new Set(manifests.filter(({ repository_id }) => repository_id === row?.id).map(({ digest }) => digest));
  }

  /** One client by itself: its answer can be told beforehand, where the control plane is there. */
  private async pull(action: PullAction, method: 'GET' | 'HEAD', digest?: string): Promise<false> {
    const organization = this.organizations[action.organization]!;
    const asked: Asked = {
      method,
      repository: action.repository,
      tag: digest === undefined ? action.tag : undefined,
      digest,
    };
    const answer = await this.ask(organization, asked, action);
    if (!organization.present) {
      if (answer.status !== 404) throw new Error(`an organization that is gone answered ${JSON.stringify(answer)}`);
      return false;
    }
    const c = this.circumstances(organization, asked, true);
    if (this.controlUp) {
      const right = rightAnswers(organization, asked, c);
      requireRight(organization, asked, answer, right, c);
      this.requireAdmission(organization, asked, answer, c);
    } else this.requirePossible(organization, asked, answer, c);
    this.count(`${method} ${answer.status} ${answer.cache}`);
    if (!c.upstreamDown && answer.failedBlobs.length > 0) throw new Error(`blobs: ${answer.failedBlobs.join('; ')}`);
    if (!this.controlUp) this.racing.add(`${organization.traits.name} ${action.repository} ${answer.digest}`);
    applyAnswer(organization, asked, answer, c);
    if (this.controlUp && !c.upstreamDown && method === 'GET' && answer.status === 200 && answer.cache !== 'BYPASS')
      this.whole = { organization, repository: action.repository, digest: answer.digest };
    return false;
  }

  private async pullIndex(action: PullAction): Promise<false> {
    const organization = this.organizations[action.organization]!;
    const { images } = this.stage;
    await this.pull(action, 'GET');
    const name = upstreamName(organization.namespace, action.repository);
    const index = this.stage.upstream.content.manifest(name, action.tag)?.digest;
    const built = index === undefined ? undefined : images.find(index);
    if (built === undefined || !('images' in built) || !organization.present) return false;
    for (const { digest } of built.images) {
      await this.look(false);
      await this.pull(action, 'GET', digest);
    }
    return false;
  }

  /** Several clients at once, each of another tag: what one is told depends on the others, but must be possible. */
  private async pullMany(pulls: readonly PullAction[]): Promise<void> {
    const distinct = new Map(pulls.map((one) => [`${one.organization} ${one.repository} ${one.tag}`, one]));
    const answers = await Promise.all(
      [...distinct.values()].map(async (action) => {
        const organization = this.organizations[action.organization]!;
        const asked: Asked = { method: 'GET', repository: action.repository, tag: action.tag, digest: undefined };
        return { organization, asked, answer: await this.ask(organization, asked, action) };
      }),
    );
    for (const { organization, asked, answer } of answers) {
      if (!organization.present) continue;
      const c = { ...this.circumstances(organization, asked, false) };
      if (answer.status !== 0) this.requirePossible(organization, asked, answer, c);
      for (const digest of [answer.digest, c.upstream])
        this.racing.add(`${organization.traits.name} ${asked.repository} ${digest}`);
      applyAnswer(organization, asked, answer, c);
    }
  }

  private ask({ traits }: ModelOrganization, asked: Asked, { blobs }: PullAction): Promise<Pulled> {
    return pull(this.stage.images, {
      url: this.stage.layover.url,
      organization: traits.name,
      repository: asked.repository,
      reference: asked.tag ?? asked.digest!,
      method: asked.method,
      blobs,
    });
  }

  /** What fits, and can have its room, is kept. */
  private requireAdmission(organization: ModelOrganization, asked: Asked, answer: Pulled, c: Circumstances): void {
    const { quota } = organization;
    if (quota === undefined || (answer.cache !== 'BYPASS' && answer.status !== 403)) return;
    const digest = answer.digest || c.upstream!;
    const origin = this.tables!.owners.find(({ name }) => name === organization.traits.name)!.origin_version;
    const arriving = this.tables!.holdings.some((row) => row.origin_version === origin && row.state === 'RESERVED');
    if (quota.autoPrune && !arriving && this.stage.images.wholeSize(digest) <= quota.limit)
      throw new Error(
        `${JSON.stringify(asked)} fits into ${JSON.stringify(quota)} and was answered ${JSON.stringify(answer)}`,
      );
  }

  /** An answer that cannot be told beforehand: right bytes of a version that can be meant, or a clean refusal that can be meant. */
  private requirePossible(organization: ModelOrganization, asked: Asked, answer: Pulled, c: Circumstances): void {
    const known =
      asked.tag === undefined
        ? [asked.digest!]
        : organization.worlds(asked.repository, asked.tag).flatMap((versions) => versions.map(({ digest }) => digest));
    const isPossible =
      answer.status === 200
        ? answer.digest === c.upstream || known.includes(answer.digest)
        : answer.status === 404
          ? c.upstream === undefined && !c.upstreamDown
          : [502, 503, 504].includes(answer.status) ||
            (answer.status === 403 && organization.quota?.onOversize === 'REJECT');
    if (!isPossible || (answer.status >= 500 && c.alone && !c.upstreamDown))
      throw new Error(`${JSON.stringify(asked)} was answered ${JSON.stringify(answer)}; upstream has ${c.upstream}`);
  }

  /** Waits until it is quiet and holds everything against the model and against each other. */
  private async look(collected: boolean): Promise<void> {
    const { stage } = this;
    await stage.quiet();
    if (!this.controlUp) return;
    const before = this.tables;
    const tables = await stage.tables.content();
    this.tables = tables;
    await this.takeEvictions(tables);
    const moment: Moment = {
      now: this.now,
      tables,
      before,
      blobFolder: stage.layover.home.blobs,
      mayHaveOrphans: this.dataDied,
      mayBeDeleting: this.cutOffAt !== undefined,
    };
    const { problems, sums } = await contentProblems(moment);
    for (const organization of this.organizations) {
      const shown = await showOrganization(stage.layover.graphql, organization.traits.name);
      if ((shown !== undefined) !== organization.present)
        problems.push(`${organization.traits.name} is ${shown ? 'there' : 'gone'}`);
      if (shown === undefined) continue;
      problems.push(...usageProblems(organization, shown, moment, sums));
      problems.push(...this.tagProblems(organization, shown.repositories));
      problems.push(...this.limitProblems(organization, shown.usage.used + shown.usage.reserved, collected));
    }
    problems.push(...this.incomplete(tables));
    if (collected) problems.push(...retentionProblems(this.organizations, moment));
    if (problems.length > 0) throw new Error(problems.join('\n'));
    this.racing.clear();
    await this.pullWithoutUpstream();
  }

  /** Completion makes images whole of which a client asked for the manifest. */
  private incomplete(tables: ContentTables): string[] {
    const { whole } = this;
    this.whole = undefined;
    if (whole === undefined || !this.held(whole.organization, whole.repository).has(whole.digest)) return [];
    const present = new Set(tables.blobs.filter(({ state }) => state === 'PRESENT').map(({ digest }) => digest));
    return [...this.stage.images.blobsOf(whole.digest).keys()]
      .filter((digest) => !present.has(digest))
      .map((digest) => `${digest} of ${whole.digest} is not in the cache although its image was pulled`);
  }

  /** Evictions are in the audit log; the model takes them from there, and says whether there may be any. */
  private async takeEvictions(tables: ContentTables): Promise<void> {
    for (const event of await this.stage.tables.events('QUOTA_EVICTED')) {
      if (this.evictions.has(event.id)) continue;
      this.evictions.add(event.id);
      this.count('evictions');
      const organization = this.organizations.find(({ traits }) => traits.name === event.organization);
      const isPresent = tables.owners.some(({ uid }) => uid === event.organization_uid);
      if (organization === undefined || !isPresent) continue;
      const gone = (versions: Tag.Versions): Tag.Versions => Tag.evicted(versions, event.digest!);
      const racing = this.racing.has(`${event.organization} ${event.repository} ${event.digest}`);
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
        if (organization.agree(repository, tag, shown, this.now)) return [];
        const model = organization.worlds(repository, tag).map((versions) => show(versions, this.now));
        return [
          `${organization.traits.name}/${repository}:${tag} at ${this.now} is ${JSON.stringify(shown)}, the model says ${JSON.stringify(model)}`,
        ];
      }),
    );
  }

  private limitProblems(organization: ModelOrganization, total: number, collected: boolean): string[] {
    const { quota, traits } = organization;
    if (quota === undefined || !this.quotasOn || total <= quota.limit) {
      organization.allowance = quota?.onOversize === 'OVERFLOW' || !this.quotasOn ? Infinity : 0;
      return [];
    }
    const allowed = Math.max(quota.limit, organization.allowance);
    if (quota.onOversize !== 'OVERFLOW') organization.allowance = Math.min(organization.allowance, total);
    if (total > allowed) return [`${traits.name}: ${total} bytes used and reserved, allowed are ${allowed}`];
    const { now } = this;
    const arriving = this.tables!.manifests.some(({ used_at }) => used_at > now - ARRIVING_MS);
    if (collected && quota.autoPrune && quota.onOversize !== 'OVERFLOW' && !arriving)
      return [`${traits.name}: ${total} bytes are over ${quota.limit} after a collection`];
    return [];
  }

  /** What is active and complete can be pulled while the upstream is away: of one organization after the other, at every second look. */
  private async pullWithoutUpstream(): Promise<void> {
    const { stage } = this;
    const wasDown = stage.upstreamDown;
    stage.setUpstream(true);
    try {
      const organization = this.organizations[(this.looks += 1) % 4];
      if (organization?.present === true) {
        const shown = await showOrganization(stage.layover.graphql, organization.traits.name);
        for (const { name: repository, tags } of shown!.repositories)
          for (const tag of tags.filter(({ leftAt, complete }) => leftAt === undefined && complete))
            await this.pullStale(organization, repository, tag);
      }
    } finally {
      stage.setUpstream(wasDown);
    }
  }

  private async pullStale(organization: ModelOrganization, repository: string, tag: ShownTag): Promise<void> {
    const asked: Asked = { method: 'GET', repository, tag: tag.name, digest: undefined };
    const place = { organization: 0, repository, tag: tag.name, blobs: 'all' } as const;
    const answer = await this.ask(organization, asked, place);
    if (answer.status !== 200 || answer.digest !== tag.digest || answer.failedBlobs.length > 0)
      throw new Error(
        `without its upstream, ${organization.traits.name}/${repository}:${tag.name} (${tag.digest}) is ${JSON.stringify(answer)}`,
      );
    applyAnswer(organization, asked, answer, { ...this.circumstances(organization, asked, true), upstreamDown: true });
    const built = this.stage.images.find(tag.digest);
    for (const { digest } of 'images' in built ? built.images : []) {
      const child = await this.ask(organization, { ...asked, tag: undefined, digest }, place);
      if (child.status !== 200 || child.failedBlobs.length > 0)
        throw new Error(`a child of ${tag.digest} is ${JSON.stringify(child)}`);
    }
  }
}

function quotaInput(quota: ModelQuota | undefined): object | null {
  if (quota === undefined) return null;
  return { limitBytes: String(quota.limit), autoPrune: quota.autoPrune, onOversize: quota.onOversize };
}
